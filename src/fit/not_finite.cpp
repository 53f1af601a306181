#include "shoal/fit/not_finite.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>

namespace shoal {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The value of greatest size of a row, and its column.
template <class Row>
std::string largest_value(const RowPass<Row>& pass, std::int64_t row) {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    return "";
  } else {
    const std::vector<Row> values = pass.fetch({row});
    std::size_t column = 0;
    for (std::size_t j = 0; j < values.size(); ++j)
      if (!(std::abs(values[j]) <= std::abs(values[column]))) column = j;
    return fmt::format(", column {} ({})", column, values[column]);
  }
}

}  // namespace

template <class Row>
NotFinite not_finite(const Model<Row>& model, const RowPass<Row>& pass, double objective) {
  const auto rows = pass.largest(1, [&](const RowBlock<Row>& block, std::span<double> score) {
    Statistics unused = model.statistics(true);
    RowOutputs outputs;
    outputs.log_density = score.data();
    model.expect(block, unused, outputs);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const double part = std::abs(score[r]) * block.weight(r);
      score[r] = block.weight(r) == 0 ? -infinity : std::isfinite(part) ? part : infinity;
    }
  });
  if (rows.empty()) return {ExitCode::bad_data, fmt::format("the objective is {}: no row has a weight", objective)};
  return {ExitCode::bad_data,
          fmt::format(
              "the objective is {}, because of row {}{}: its values or its weight are too large, or too far from every "
              "cluster; scale the data or the weights, leave the row out, or start elsewhere (--init, --seed)",
              objective, rows.front(), largest_value(pass, rows.front())),
          rows.front()};
}

template NotFinite not_finite<float>(const Model<float>&, const RowPass<float>&, double);
template NotFinite not_finite<double>(const Model<double>&, const RowPass<double>&, double);
template NotFinite not_finite<PackedByte>(const Model<PackedByte>&, const RowPass<PackedByte>&, double);

}  // namespace shoal
