#include "shoal/math/cholesky.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Eigen chooses its blocking by the size of the caches; told the same sizes everywhere, it rounds the same everywhere.
void fix_blocking() {
  static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 2 * 1024 * 1024);
    return true;
  }();
  static_cast<void>(fixed);
}

}  // namespace

std::optional<Cholesky> cholesky(const Matrix& symmetric) {
  fix_blocking();
  const auto n = static_cast<Eigen::Index>(symmetric.rows);
  Cholesky result{symmetric, 0};
  Eigen::Map<RowMajor> lower(result.lower.values.data(), n, n);
  Eigen::Ref<RowMajor> in_place(lower);
  const Eigen::LLT<Eigen::Ref<RowMajor>> factor(in_place);  // a matrix less: they may be most of what a rank holds
  if (factor.info() != Eigen::Success) return std::nullopt;
  lower.triangularView<Eigen::StrictlyUpper>().setZero();
  std::vector<double> diagonal(symmetric.rows);
  for (std::size_t i = 0; i < symmetric.rows; ++i) {
    diagonal[i] = result.lower(i, i);
    if (!std::isfinite(diagonal[i]) || diagonal[i] <= 0) return std::nullopt;
  }
  log_of(diagonal, diagonal);
  for (const double value : diagonal) result.log_determinant += 2 * value;
  return result;
}

Matrix inverse_lower(const Matrix& lower) {
  fix_blocking();
  const auto n = static_cast<Eigen::Index>(lower.rows);
  Matrix inverse(lower.rows, lower.rows);
  Eigen::Map<RowMajor> result(inverse.values.data(), n, n);
  result.setIdentity();
  Eigen::Map<const RowMajor>(lower.values.data(), n, n).triangularView<Eigen::Lower>().solveInPlace(result);
  return inverse;
}

Matrix gram(const Matrix& a) {
  Matrix product(a.columns, a.columns);
  for (std::size_t i = 0; i < a.columns; ++i)
    for (std::size_t j = 0; j < a.columns; ++j)
      for (std::size_t l = 0; l < a.rows; ++l) product(i, j) += a(l, i) * a(l, j);
  return product;
}

}  // namespace shoal
