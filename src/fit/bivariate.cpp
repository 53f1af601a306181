#include "shoal/fit/bivariate.hpp"

#include <algorithm>
#include <type_traits>

namespace shoal {
namespace {

std::size_t levels_of(const LevelOffsets& offsets, std::size_t feature) {
  return static_cast<std::size_t>(offsets[feature + 1] - offsets[feature]);
}

/// Calls use(i, j, first cell of their table) for each pair i < j.
template <class Use>
void for_each_pair(const LevelOffsets& offsets, const Use& use) {
  std::size_t first = 0;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    for (std::size_t j = i + 1; j + 1 < offsets.size(); ++j) {
      use(i, j, first);
      first += levels_of(offsets, i) * levels_of(offsets, j);
    }
}

/// Weights of the rows by the levels of each pair.
std::vector<double> observed_tables(const RowPass<PackedByte>& pass) {
  const RowCoding& coding = pass.source().coding;
  const LevelOffsets& offsets = coding.offsets();
  return pass
      .reduce(SumLayout{table_cells(offsets)},
              [&](const RowBlock<PackedByte>& block, Statistics& s) {
                std::vector<Code> levels(coding.n_features());
                for (std::size_t r = 0; r < block.n_rows; ++r) {
                  const double weight = block.weight(r);
                  if (weight == 0) continue;
                  coding.decode(block.row(r), levels.data());
                  for_each_pair(offsets, [&](std::size_t i, std::size_t j, std::size_t first) {
                    if (levels[i] != missing_code && levels[j] != missing_code)
                      s.sums[first + levels[i] * levels_of(offsets, j) + levels[j]] += weight;
                  });
                }
              })
      .sums;
}

/// K x levels, of either family: bernoulli has the probability of level 1 alone.
Matrix level_probabilities(const NamedArrays& parameters, const LevelOffsets& offsets) {
  const NamedArray& stored = *find(parameters, "probabilities");
  const std::size_t n = stored.shape.front(), levels = static_cast<std::size_t>(offsets.back());
  Matrix all(n, levels);
  if (find(parameters, "level_offsets") != nullptr) {
    all.values = stored.values;
    return all;
  }
  for (std::size_t i = 0; i < stored.values.size(); ++i) {
    all.values[2 * i] = 1 - stored.values[i];
    all.values[2 * i + 1] = stored.values[i];
  }
  return all;
}

/// X2 over its degrees of freedom of one table, L x M, against shares of the model.
double residual(std::span<const double> observed, const std::vector<double>& shares, std::size_t n_columns) {
  const std::size_t n_rows = observed.size() / n_columns;
  double total = 0, x2 = 0;
  std::vector<bool> row(n_rows, false), column(n_columns, false);
  for (std::size_t c = 0; c < observed.size(); ++c) {
    total += observed[c];
    if (observed[c] > 0) row[c / n_columns] = column[c % n_columns] = true;
  }
  for (std::size_t c = 0; c < observed.size(); ++c) {
    const double expected = total * shares[c], difference = observed[c] - expected;
    if (row[c / n_columns] && column[c % n_columns] && expected > 0) x2 += difference * difference / expected;
  }
  const auto free = (std::ranges::count(row, true) - 1) * (std::ranges::count(column, true) - 1);
  return free > 0 ? x2 / static_cast<double>(free) : 0;
}

}  // namespace

std::size_t table_cells(const LevelOffsets& offsets) {
  std::size_t cells = 0, before = 0;
  for (std::size_t j = 0; j + 1 < offsets.size(); ++j) {
    cells += before * levels_of(offsets, j);
    before += levels_of(offsets, j);
  }
  return cells;
}

Matrix bivariate_residuals(const NamedArrays& parameters, const RowPass<PackedByte>& pass) {
  const LevelOffsets& offsets = pass.source().coding.offsets();
  if (table_cells(offsets) > most_table_cells) return {};
  const std::vector<double> observed = observed_tables(pass);
  const Matrix probabilities = level_probabilities(parameters, offsets);
  const std::vector<double>& weights = find(parameters, "weights")->values;
  Matrix residuals(offsets.size() - 1, offsets.size() - 1);
  for_each_pair(offsets, [&](std::size_t i, std::size_t j, std::size_t first) {
    const std::size_t rows = levels_of(offsets, i), columns = levels_of(offsets, j);
    std::vector<double> shares(rows * columns, 0.0);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const std::span<const double> line = probabilities.row(k);
      const auto a = static_cast<std::size_t>(offsets[i]), b = static_cast<std::size_t>(offsets[j]);
      for (std::size_t c = 0; c < shares.size(); ++c)
        shares[c] += weights[k] * line[a + c / columns] * line[b + c % columns];
    }
    residuals(i, j) = residuals(j, i) = residual(std::span(observed).subspan(first, shares.size()), shares, columns);
  });
  return residuals;
}

}  // namespace shoal
