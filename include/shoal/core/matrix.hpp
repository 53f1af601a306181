/// A small dense row-major matrix of doubles: centres, seeds, parameters. Never the data.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace shoal {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t n_rows, std::size_t n_columns) : rows(n_rows), columns(n_columns), values(n_rows * n_columns) {}

  [[nodiscard]] std::span<double> row(std::size_t i) { return {values.data() + i * columns, columns}; }
  [[nodiscard]] std::span<const double> row(std::size_t i) const { return {values.data() + i * columns, columns}; }
  double& operator()(std::size_t i, std::size_t j) { return values[i * columns + j]; }
  double operator()(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

}  // namespace shoal
