#include "app/compare_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "app/screen.hpp"
#include "app/text_table.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t most_clusters = 12;

bool same_numbers(const Contingency& table) {
  return std::ranges::all_of(table, [](const auto& cell) {
    const auto [a, b] = cell.first;
    return a == b || a < 0 || b < 0;
  });
}

/// The bounds of Steinley (2004), "Properties of the Hubert-Arabie adjusted Rand index".
std::string verdict(const Comparison& comparison) {
  const double rand = comparison.found.adjusted_rand;
  if (rand == 1)
    return same_numbers(comparison.table) ? "A and B are the same labels."
                                          : "A and B are the same clusters under other numbers.";
  if (rand > 0.90) return "A and B agree excellently (adjusted Rand index above 0.90).";
  if (rand > 0.80) return "A and B agree well (adjusted Rand index above 0.80).";
  if (rand > 0.65) return "A and B agree moderately (adjusted Rand index above 0.65).";
  if (rand > 0 && rand <= 0.1)
    return "A and B agree hardly better than by chance (adjusted Rand index of 0.1 or less).";
  if (rand > 0) return "A and B agree poorly (adjusted Rand index of 0.65 or less).";
  return "A and B agree no more than labels dealt by chance would (adjusted Rand index of 0 or less).";
}

/// What is not 1 does not seem so.
std::string number(double value) {
  if (value < 1 && value > 0.99995) return ">0.9999";
  return fmt::format("{:.4f}", std::abs(value) < 5e-5 ? 0.0 : value);
}

std::string clusters(std::int64_t n) { return fmt::format("{} {}", n, n == 1 ? "cluster" : "clusters"); }

std::string rows(std::int64_t n) { return fmt::format("{} {}", n, n == 1 ? "row" : "rows"); }

/// The largest clusters of A with where most of their rows are in B and, where B has few, all their rows.
std::string table_of(const Comparison& comparison, std::size_t width) {
  std::vector<BestOverlap> overlaps = best_overlaps(comparison.table);
  const std::size_t n = overlaps.size();
  std::ranges::stable_sort(overlaps, std::ranges::greater(), &BestOverlap::size);
  if (n > most_clusters) overlaps.resize(most_clusters);
  std::ranges::sort(overlaps, {}, &BestOverlap::label);
  std::set<std::int64_t> others;
  for (const auto& [labels, count] : comparison.table)
    if (labels.first >= 0 && labels.second >= 0) others.insert(labels.second);
  if (others.size() > most_clusters) others.clear();
  std::vector<TextTable::Column> columns = {{"A"}, {"rows"}, {"most in B"}, {"share"}};
  for (const std::int64_t other : others) columns.push_back({fmt::format("B {}", other)});
  TextTable table(columns);
  for (const BestOverlap& one : overlaps) {
    std::vector<std::string> cells = {
        std::to_string(one.label), std::to_string(one.size), std::to_string(one.other),
        fmt::format("{:.1f} %", 100 * static_cast<double>(one.shared) / static_cast<double>(one.size))};
    for (const std::int64_t other : others) {
      const auto cell = comparison.table.find({one.label, other});
      cells.push_back(cell == comparison.table.end() ? "." : std::to_string(cell->second));
    }
    table.add(std::move(cells));
  }
  std::string text = table.text(width);
  if (n > most_clusters) text += fmt::format("These are the {} largest of A's {} clusters.\n", most_clusters, n);
  return text;
}

}  // namespace

std::string compare_words(const Comparison& comparison, std::size_t width) {
  const Agreement& found = comparison.found;
  std::string text;
  const auto add = [&](const std::string& words) { text += wrapped_at(words, 0, width) + "\n"; };
  const std::size_t name_width = width - 20;
  text += fmt::format("A  {}, {}\n", fitted(comparison.a, name_width, Kept::end), clusters(found.n_clusters_a));
  text += fmt::format("B  {}, {}\n\n", fitted(comparison.b, name_width, Kept::end), clusters(found.n_clusters_b));
  add(verdict(comparison));
  text += "\n";
  text += fmt::format("adjusted Rand index            {}  1: the same clusters, 0: as by chance\n",
                      number(found.adjusted_rand));
  text += fmt::format("normalised mutual information  {}  1: the same clusters, 0: unrelated ones\n",
                      number(found.normalised_mutual_information));
  text += fmt::format("{} compared", rows(found.n_rows));
  if (found.n_left_out > 0) text += fmt::format(", {} without a label (-1) in either left out", found.n_left_out);
  text += "\n\n";
  add("Where the rows of each cluster of A are in B (the best overlap; two clusters of A may share one of B):");
  return text + table_of(comparison, width);
}

}  // namespace shoal::app
