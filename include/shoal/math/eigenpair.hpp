/// The least eigenvalue of a covariance (Eigen), in one fixed order of operations.
#pragma once

#include <vector>

#include "shoal/core/matrix.hpp"

namespace shoal {

struct Eigenpair {
  double value = 0;
  std::vector<double> vector;  ///< of length 1
};

/// Of a symmetric D x D matrix of finite numbers, whose lower triangle is read.
Eigenpair least_eigenpair(const Matrix& symmetric);

}  // namespace shoal
