#include "shoal/fit/compare.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "shoal/comm/gather_values.hpp"

namespace shoal {
namespace {

double pairs(std::int64_t n) { return 0.5 * static_cast<double>(n) * static_cast<double>(n - 1); }

double entropy(const std::map<std::int64_t, std::int64_t>& sizes, double n) {
  double sum = 0;
  for (const auto& [label, size] : sizes)
    sum -= static_cast<double>(size) / n * std::log(static_cast<double>(size) / n);
  return sum;
}

}  // namespace

Contingency contingency(const Communicator& comm, std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  Contingency mine;
  for (std::size_t i = 0; i < a.size(); ++i) ++mine[{a[i], b[i]}];
  std::vector<std::array<std::int64_t, 3>> cells;
  for (const auto& [labels, n] : mine) cells.push_back({labels.first, labels.second, n});
  Contingency all;
  for (const auto& [x, y, n] : gather_values(comm, cells)) all[{x, y}] += n;
  return all;
}

Agreement agreement(const Contingency& table) {
  Agreement result;
  std::map<std::int64_t, std::int64_t> a;
  std::map<std::int64_t, std::int64_t> b;
  double together = 0;
  for (const auto& [labels, n] : table) {
    if (labels.first < 0 || labels.second < 0) {
      result.n_left_out += n;
      continue;
    }
    result.n_rows += n;
    a[labels.first] += n;
    b[labels.second] += n;
    together += pairs(n);
  }
  result.n_clusters_a = std::ssize(a), result.n_clusters_b = std::ssize(b);
  double together_a = 0;
  double together_b = 0;
  for (const auto& [label, n] : a) together_a += pairs(n);
  for (const auto& [label, n] : b) together_b += pairs(n);
  const double expected = result.n_rows > 1 ? together_a * together_b / pairs(result.n_rows) : 0;
  const double most = 0.5 * (together_a + together_b);
  result.adjusted_rand = most == expected ? 1.0 : (together - expected) / (most - expected);

  const auto n = static_cast<double>(result.n_rows);
  double information = 0;
  for (const auto& [labels, count] : table) {
    if (labels.first < 0 || labels.second < 0) continue;
    const auto cell = static_cast<double>(count);
    information +=
        cell / n * std::log(cell * n / (static_cast<double>(a[labels.first]) * static_cast<double>(b[labels.second])));
  }
  const double mean_entropy = 0.5 * (entropy(a, n) + entropy(b, n));
  result.normalised_mutual_information = mean_entropy == 0 ? 1.0 : std::clamp(information / mean_entropy, 0.0, 1.0);
  return result;
}

std::vector<BestOverlap> best_overlaps(const Contingency& table) {
  std::vector<BestOverlap> all;
  for (const auto& [labels, n] : table) {  // by the first label, then the second
    if (labels.first < 0 || labels.second < 0) continue;
    if (all.empty() || all.back().label != labels.first) all.push_back({labels.first, 0, 0, 0});
    BestOverlap& one = all.back();
    one.size += n;
    if (n > one.shared) one.other = labels.second, one.shared = n;
  }
  return all;
}

}  // namespace shoal
