#include "shoal/math/eigenpair.hpp"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace shoal {

Eigenpair least_eigenpair(const Matrix& symmetric) {
  const auto n = static_cast<Eigen::Index>(symmetric.rows);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      Eigen::Map<const RowMajor>(symmetric.values.data(), n, n));
  const auto vector = solver.eigenvectors().col(0);  // in rising order
  return {solver.eigenvalues()[0], {vector.data(), vector.data() + n}};
}

}  // namespace shoal
