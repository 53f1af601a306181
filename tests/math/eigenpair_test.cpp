// The least eigenvalue of matrices whose eigenvalues are known.
#include "shoal/math/eigenpair.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace shoal {
namespace {

Matrix matrix(std::size_t n, const std::vector<double>& values) {
  Matrix result(n, n);
  result.values = values;
  return result;
}

/// Of length 1; eigenvectors have no sign.
void expect_along(const std::vector<double>& found, std::vector<double> expected) {
  double squares = 0, product = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) squares += expected[i] * expected[i];
  for (double& x : expected) x /= std::sqrt(squares);
  for (std::size_t i = 0; i < expected.size(); ++i) product += found[i] * expected[i];
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i] * (product < 0 ? -1 : 1), expected[i], 1e-12);
}

TEST(LeastEigenpair, OfOneNumber) {
  EXPECT_EQ(least_eigenpair(matrix(1, {-3})).value, -3);
  expect_along(least_eigenpair(matrix(1, {-3})).vector, {1});
}

TEST(LeastEigenpair, OfADiagonal) {
  const Eigenpair found = least_eigenpair(matrix(3, {4, 0, 0, 0, 1e-9, 0, 0, 0, 2}));
  EXPECT_NEAR(found.value, 1e-9, 1e-24);
  expect_along(found.vector, {0, 1, 0});
}

TEST(LeastEigenpair, ReadsTheLowerTriangle) {
  const Eigenpair found = least_eigenpair(matrix(2, {2, 77, 1, 2}));
  EXPECT_NEAR(found.value, 1, 1e-14);
  expect_along(found.vector, {1, -1});
}

/// 2 on the diagonal, -1 beside it: the k-th eigenvalue is 2 - 2 cos(k pi / (n + 1)), its vector sin(i k pi / (n + 1)).
TEST(LeastEigenpair, OfSecondDifferences) {
  for (const std::size_t n : {2U, 5U, 40U}) {
    Matrix differences(n, n);
    for (std::size_t i = 0; i < n; ++i) {
      differences(i, i) = 2;
      if (i > 0) differences(i, i - 1) = differences(i - 1, i) = -1;
    }
    const double angle = std::numbers::pi / static_cast<double>(n + 1);
    std::vector<double> expected;
    for (std::size_t i = 1; i <= n; ++i) expected.push_back(std::sin(static_cast<double>(i) * angle));
    const Eigenpair found = least_eigenpair(differences);
    EXPECT_NEAR(found.value, 2 - 2 * std::cos(angle), 1e-13);
    expect_along(found.vector, expected);
  }
}

}  // namespace
}  // namespace shoal
