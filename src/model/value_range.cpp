#include "shoal/model/value_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "shoal/model/family.hpp"
#include "shoal/pass/column_extents.hpp"

namespace shoal {
namespace {

/// Spans of columns within which all is well: from the smallest normal number with 60 binary digits to spare, to the
/// largest with a few.
struct Limits {
  double least = 0;     ///< of the widest column, or of each; a span of 0 is fine
  double greatest = 0;  ///< of the sum over columns of spans, or of their squares, or of each square
};

template <class T>
Limits limits_of(Differences use) {
  const double smallest = static_cast<double>(std::numeric_limits<T>::min());
  const double largest = static_cast<double>(std::numeric_limits<T>::max());
  if (use == Differences::sizes) return {smallest * 0x1p26, largest};
  return {std::sqrt(smallest) * 0x1p30, largest / 256};
}

template <class T>
RangeProblem problem_at(const RowPass<T>& pass, const ColumnExtents& extents, std::size_t column,
                        RangeProblem problem) {
  const double least = extents.least[column], greatest = extents.greatest[column];
  problem.span = greatest - least;
  problem.column = column;
  problem.value = std::abs(least) > std::abs(greatest) ? least : greatest;
  const auto rows = pass.largest(1, [&](const RowBlock<T>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = block.weight(r) > 0 && static_cast<double>(block.row(r)[column]) == problem.value ? 0.0 : -INFINITY;
  });
  if (!rows.empty()) problem.row = rows.front();
  return problem;
}

/// What is wrong with a span, or with the size (itself or its square, or a sum of these) that sums are made of.
template <class T>
std::optional<RangeProblem> judge(Differences use, double span, double size, double total_weight) {
  const Limits limits = limits_of<T>(use);
  if (!(size <= limits.greatest)) return RangeProblem{true, false};
  if (span > 0 && span < limits.least) return RangeProblem{false, false};
  const double weighted = size * total_weight;
  if (!std::isfinite(weighted)) return RangeProblem{true, true};
  const double margin = use == Differences::sizes ? 0x1p26 : 0x1p60;
  if (size > 0 && weighted < std::numeric_limits<double>::min() * margin) return RangeProblem{false, true};
  return std::nullopt;
}

}  // namespace

template <class T>
std::optional<RangeProblem> range_problem(const ModelOptions& options, const RowPass<T>& pass) {
  const ColumnExtents extents = column_extents(pass);
  const Differences use = options.family().differences(options);
  const double total = pass.summary().total_weight;
  double sum = 0;
  double widest_span = 0;
  std::size_t widest = 0;
  for (std::size_t j = 0; j < extents.least.size(); ++j) {
    const double span = extents.least[j] < extents.greatest[j] ? extents.greatest[j] - extents.least[j] : 0.0;
    const double size = use == Differences::sizes ? span : span * span;
    if (use == Differences::squares_of_each)
      if (const auto problem = judge<T>(use, span, size, total)) return problem_at(pass, extents, j, *problem);
    sum += size;
    if (span > widest_span) widest_span = span, widest = j;
  }
  if (use == Differences::squares_of_each) return std::nullopt;
  const auto problem = judge<T>(use, widest_span, sum, total);
  return problem ? std::optional(problem_at(pass, extents, widest, *problem)) : std::nullopt;
}

template std::optional<RangeProblem> range_problem<float>(const ModelOptions&, const RowPass<float>&);
template std::optional<RangeProblem> range_problem<double>(const ModelOptions&, const RowPass<double>&);

}  // namespace shoal
