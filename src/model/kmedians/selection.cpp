#include "shoal/model/kmedians/selection.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace shoal {
namespace {

/// The keys among which the lower median of one (cluster, feature) pair lies, and the weight below them.
struct Bracket {
  std::uint64_t low = 0;
  std::uint64_t high = std::numeric_limits<std::uint64_t>::max();
  std::int64_t below = 0;
  [[nodiscard]] bool narrow() const { return low == high; }
};

struct Pairs {
  std::vector<Bracket> brackets;          ///< K x D
  std::vector<std::int64_t> at_or_below;  ///< W(<= lower median), K x D
  std::vector<std::int64_t> cluster;      ///< W of each cluster, K
  std::size_t n_features;
};

/// Bits of a key that one round settles.
int cell_bits(std::size_t n_pairs) {
  int bits = 1;
  while (bits < 8 &&
         (std::size_t{2} << static_cast<unsigned>(bits)) * n_pairs * sizeof(std::int64_t) <= selection_byte_budget)
    ++bits;
  return bits;
}

int shift_of(const Bracket& bracket, int bits) {
  return std::max(0, static_cast<int>(std::bit_width(bracket.high - bracket.low)) - bits);
}

template <class T>
std::vector<std::int64_t> cluster_weights(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                          const IntegerWeights& weights, std::size_t n_clusters) {
  std::vector<std::int64_t> total(n_clusters, 0);
  const auto& used = pass.shard().used;
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (used.empty() || used[r] != 0) total[static_cast<std::size_t>(labels[r])] += weights[r];
  pass.sum(total);
  return total;
}

/// Counts, for every pair, the weight in each of 2^bits cells of its bracket, over all ranks.
template <class T>
std::vector<std::int64_t> count_cells(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                      const IntegerWeights& weights, const Pairs& pairs, int bits) {
  const std::size_t n_pairs = pairs.brackets.size();
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  std::vector<int> shift(n_pairs);
  for (std::size_t p = 0; p < n_pairs; ++p) shift[p] = shift_of(pairs.brackets[p], bits);
  std::vector<std::vector<std::int64_t>> counts(static_cast<std::size_t>(pass.n_threads()));
  counts[0].assign(n_pairs * cells, 0);
  const auto& used = pass.shard().used;
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int64_t>& mine = counts[static_cast<std::size_t>(thread)];
    mine.resize(n_pairs * cells, 0);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      if (!used.empty() && used[local] == 0) continue;
      const std::size_t first_pair = static_cast<std::size_t>(labels[local]) * pairs.n_features;
      for (std::size_t d = 0; d < pairs.n_features; ++d) {
        const Bracket& bracket = pairs.brackets[first_pair + d];
        const std::uint64_t key = ordered_key(static_cast<double>(block.row(r)[d]));
        if (bracket.narrow() || key < bracket.low || key > bracket.high) continue;
        const auto cell = static_cast<std::size_t>((key - bracket.low) >> static_cast<unsigned>(shift[first_pair + d]));
        mine[(first_pair + d) * cells + cell] += weights[local];
      }
    }
  });
  for (std::size_t t = 1; t < counts.size(); ++t)
    for (std::size_t i = 0; i < counts[t].size(); ++i) counts[0][i] += counts[t][i];
  pass.sum(counts[0]);
  return std::move(counts[0]);
}

/// Keeps of each bracket the cell in which the cumulated weight reaches half of the cluster's.
void narrow_brackets(Pairs& pairs, const std::vector<std::int64_t>& counts, int bits) {
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  for (std::size_t p = 0; p < pairs.brackets.size(); ++p) {
    Bracket& bracket = pairs.brackets[p];
    if (bracket.narrow()) continue;
    const auto shift = static_cast<unsigned>(shift_of(bracket, bits));
    const std::int64_t total = pairs.cluster[p / pairs.n_features];
    std::int64_t below = bracket.below;
    std::uint64_t cell = 0;
    while (2 * (below + counts[p * cells + cell]) < total) below += counts[p * cells + cell++];
    pairs.at_or_below[p] = below + counts[p * cells + cell];
    bracket.below = below;
    bracket.low += cell << shift;
    bracket.high = std::min(bracket.high, bracket.low + ((std::uint64_t{1} << shift) - 1));
  }
}

/// The smallest key above each pair's lower median; needed where exactly half of the weight is at or below it.
template <class T>
std::vector<std::uint64_t> next_keys(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                     const IntegerWeights& weights, const Pairs& pairs) {
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::vector<std::uint64_t>> next(static_cast<std::size_t>(pass.n_threads()));
  for (auto& mine : next) mine.assign(pairs.brackets.size(), none);
  const auto& used = pass.shard().used;
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::uint64_t>& mine = next[static_cast<std::size_t>(thread)];
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      if ((!used.empty() && used[local] == 0) || weights[local] == 0) continue;
      const std::size_t first_pair = static_cast<std::size_t>(labels[local]) * pairs.n_features;
      for (std::size_t d = 0; d < pairs.n_features; ++d) {
        const std::uint64_t key = ordered_key(static_cast<double>(block.row(r)[d]));
        if (key > pairs.brackets[first_pair + d].low) mine[first_pair + d] = std::min(mine[first_pair + d], key);
      }
    }
  });
  for (std::size_t t = 1; t < next.size(); ++t)
    std::ranges::transform(next[0], next[t], next[0].begin(), [](auto a, auto b) { return std::min(a, b); });
  pass.comm().minimum(next[0]);
  return std::move(next[0]);
}

double midpoint(double a, double b) {
  const double sum = a + b;
  const double middle = std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
  return middle == 0 ? 0.0 : middle;
}

bool all_narrow(const std::vector<Bracket>& brackets) {
  return std::all_of(brackets.begin(), brackets.end(), [](const Bracket& b) { return b.narrow(); });
}

}  // namespace

IntegerWeights integer_weights(std::span<const double> weights, double total) {
  IntegerWeights result;
  if (weights.empty()) return result;
  int exponent = 0;
  std::frexp(total, &exponent);  // total < 2^exponent, so twice the sum of all fits an int64 with a bit to spare
  result.values.reserve(weights.size());
  for (const double w : weights) result.values.push_back(std::llrint(std::ldexp(w, 61 - exponent)));
  return result;
}

std::uint64_t ordered_key(double value) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double value_of_key(std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((key & sign) != 0 ? key & ~sign : ~key);
}

template <class T>
Matrix cluster_medians(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
                       const Matrix& previous) {
  const std::size_t n_pairs = previous.rows * previous.columns;
  Pairs pairs{std::vector<Bracket>(n_pairs), std::vector<std::int64_t>(n_pairs, 0),
              cluster_weights(pass, labels, weights, previous.rows), previous.columns};
  for (std::size_t p = 0; p < n_pairs; ++p)
    if (pairs.cluster[p / previous.columns] == 0) pairs.brackets[p].high = 0;  // nothing to find

  const int bits = cell_bits(n_pairs);
  while (!all_narrow(pairs.brackets)) narrow_brackets(pairs, count_cells(pass, labels, weights, pairs, bits), bits);

  const std::vector<std::uint64_t> next = next_keys(pass, labels, weights, pairs);
  Matrix medians = previous;
  for (std::size_t p = 0; p < n_pairs; ++p) {
    const std::int64_t total = pairs.cluster[p / previous.columns];
    if (total == 0) continue;
    const double lower = value_of_key(pairs.brackets[p].low);
    const bool halves = 2 * pairs.at_or_below[p] == total;
    medians.values[p] = halves ? midpoint(lower, value_of_key(next[p])) : lower;
  }
  return medians;
}

template Matrix cluster_medians<float>(const RowPass<float>&, std::span<const std::int32_t>, const IntegerWeights&,
                                       const Matrix&);
template Matrix cluster_medians<double>(const RowPass<double>&, std::span<const std::int32_t>, const IntegerWeights&,
                                        const Matrix&);

}  // namespace shoal
