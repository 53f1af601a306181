#include "shoal/model/value_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "shoal/pass/column_extents.hpp"

namespace shoal {
namespace {

/// What a model does with differences between rows.
enum class Use { squares, squares_of_each, sizes };

Use use_of(const ModelOptions& options) {
  if (options.kind == ModelKind::kmedians && options.center == Center::median) return Use::sizes;
  if (options.kind == ModelKind::gaussian && options.covariance != Covariance::spherical) return Use::squares_of_each;
  return Use::squares;
}

/// Spans of columns within which all is well: from the smallest normal number with 60 binary digits to spare, to the
/// largest with a few.
struct Limits {
  double least = 0;     ///< of the widest column, or of each; a span of 0 is fine
  double greatest = 0;  ///< of the sum over columns of spans, or of their squares, or of each square
};

template <class T>
Limits limits_of(Use use) {
  const double smallest = static_cast<double>(std::numeric_limits<T>::min());
  const double largest = static_cast<double>(std::numeric_limits<T>::max());
  if (use == Use::sizes) return {smallest * 0x1p26, largest};
  return {std::sqrt(smallest) * 0x1p30, largest / 256};
}

template <class T>
RangeProblem problem_at(const RowPass<T>& pass, const ColumnExtents& extents, std::size_t column, bool too_far) {
  const double least = extents.least[column], greatest = extents.greatest[column];
  const double value = std::abs(least) > std::abs(greatest) ? least : greatest;
  const auto rows = pass.largest(1, [&](const RowBlock<T>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = block.weight(r) > 0 && static_cast<double>(block.row(r)[column]) == value ? 0.0 : -INFINITY;
  });
  return {too_far, greatest - least, rows.empty() ? 0 : rows.front(), column, value};
}

}  // namespace

template <class T>
std::optional<RangeProblem> range_problem(const ModelOptions& options, const RowPass<T>& pass) {
  const ColumnExtents extents = column_extents(pass);
  const Use use = use_of(options);
  const Limits limits = limits_of<T>(use);
  double sum = 0;
  std::size_t widest = 0;
  std::vector<double> span(extents.least.size(), 0.0);
  for (std::size_t j = 0; j < span.size(); ++j) {
    if (extents.least[j] < extents.greatest[j]) span[j] = extents.greatest[j] - extents.least[j];
    const double size = use == Use::sizes ? span[j] : span[j] * span[j];
    if (use == Use::squares_of_each && !(size <= limits.greatest)) return problem_at(pass, extents, j, true);
    if (use == Use::squares_of_each && span[j] > 0 && span[j] < limits.least)
      return problem_at(pass, extents, j, false);
    sum += size;
    if (span[j] > span[widest]) widest = j;
  }
  if (use == Use::squares_of_each || span.empty()) return std::nullopt;
  if (!(sum <= limits.greatest)) return problem_at(pass, extents, widest, true);
  if (span[widest] > 0 && span[widest] < limits.least) return problem_at(pass, extents, widest, false);
  return std::nullopt;
}

template std::optional<RangeProblem> range_problem<float>(const ModelOptions&, const RowPass<float>&);
template std::optional<RangeProblem> range_problem<double>(const ModelOptions&, const RowPass<double>&);

}  // namespace shoal
