#include "app/row_checks.hpp"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include "shoal/core/error.hpp"
#include "shoal/model/value_range.hpp"

namespace shoal::app {
namespace {

/// The place and remedy of values whose squares or distances are no numbers.
Error range_error(const FitPlan& plan, const RangeProblem& problem, double weight, const char* type) {
  std::int64_t row = problem.row;
  const DatasetInfo* info = plan.datasets.data();
  for (; row >= info->n_rows; ++info) row -= info->n_rows;
  row = info->file_row(row);
  if (problem.by_weight && !plan.weights.empty())
    return {
        ExitCode::bad_data,
        fmt::format("--row-weights: their sum, {}, times distances of values that span {} (as in {}, row {}, column "
                    "{}) is beyond float64; scale the weights {}",
                    weight, problem.span, info->name(), row, info->column_text(problem.column),
                    problem.too_far ? "down" : "up"),
        problem.row};
  if (problem.too_far)
    return {
        ExitCode::bad_data,
        fmt::format("{}: row {}, column {}: {}: values as far apart as {} make distances that {} cannot hold; scale "
                    "the data down",
                    info->name(), row, info->column_text(problem.column), problem.value, problem.span, type),
        problem.row};
  return {ExitCode::bad_data,
          fmt::format(
              "{}: row {}, column {}: {}: the values span only {}, so their squares are zero in {}; scale the data up",
              info->name(), row, info->column_text(problem.column), problem.value, problem.span, type),
          problem.row};
}

}  // namespace

template <class Row>
bool holds_distances(const FitPlan& plan, const RowPass<Row>& pass, bool seeding) {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    return true;
  } else {
    const auto problem = range_problem(plan.options.model, pass);
    if (!problem) return true;
    constexpr bool is_float = std::is_same_v<Row, float>;
    if (is_float && !problem->by_weight && !plan.arguments.run->rows.precision) return false;
    if (!is_float && problem->too_far && !problem->by_weight && !seeding && std::isfinite(problem->span)) return true;
    throw range_error(plan, *problem, pass.summary().total_weight,
                      is_float ? "float32 (use --precision float64)" : "float64");
  }
}

template bool holds_distances<float>(const FitPlan&, const RowPass<float>&, bool);
template bool holds_distances<double>(const FitPlan&, const RowPass<double>&, bool);
template bool holds_distances<PackedByte>(const FitPlan&, const RowPass<PackedByte>&, bool);

}  // namespace shoal::app
