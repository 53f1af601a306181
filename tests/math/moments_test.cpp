// Moments of rows and linear functions of them against naive loops, under every instruction set of this machine.
#include "shoal/math/moments.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "math/kernel_rows.hpp"

namespace shoal {
namespace {

using test::Real;

template <class T>
class MomentKernels : public test::KernelRows<T> {
 protected:
  using Rows = typename test::KernelRows<T>::Rows;

  static std::vector<T> moments_of(Moments kind, const Rows& rows) {
    const std::size_t stride = group_stride<T>(n_moments(kind, rows.d));
    std::vector<T> groups(n_groups<T>(rows.n) * stride, T(7));
    load_groups(rows.values.data(), rows.n, rows.d, std::vector<T>(rows.d, T(0)).data(), groups.data(), stride);
    complete_moments(kind, rows.n, rows.d, groups.data());
    return groups;
  }

  /// The moments of row r, one by one.
  static std::vector<Real> naive(Moments kind, const Rows& rows, std::size_t r) {
    std::vector<Real> values;
    for (std::size_t j = 0; j < rows.d; ++j) values.push_back(rows.at(r, j));
    Real sum = 0;
    for (std::size_t i = 0; i < rows.d; ++i) {
      for (std::size_t j = 0; j <= i && kind == Moments::products; ++j) values.push_back(rows.at(r, i) * rows.at(r, j));
      if (kind == Moments::squares) values.push_back(rows.at(r, i) * rows.at(r, i));
      sum += rows.at(r, i) * rows.at(r, i);
    }
    if (kind == Moments::square_sum) values.push_back(sum);
    return values;
  }
};
TYPED_TEST_SUITE(MomentKernels, test::RowTypes);

constexpr Moments all_kinds[] = {Moments::products, Moments::squares, Moments::square_sum};

TYPED_TEST(MomentKernels, AreTheProductsOfTheFeatures) {
  using T = TypeParam;
  for (const Moments kind : all_kinds)
    this->for_all([&](const auto& rows) {
      const std::size_t columns = n_moments(kind, rows.d);
      const std::vector<T> moments = this->moments_of(kind, rows);
      for (std::size_t r = 0; r < rows.n; ++r) {
        const std::vector<Real> expected = this->naive(kind, rows, r);
        ASSERT_EQ(expected.size(), columns);
        const T* group = moments.data() + r / group_rows<T> * group_stride<T>(columns) + r % group_rows<T>;
        for (std::size_t j = 0; j < columns; ++j)
          ASSERT_NEAR(group[j * group_rows<T>], expected[j], this->tolerance * std::max(1.0, std::abs(expected[j])));
      }
    });
}

TYPED_TEST(MomentKernels, LinearScoreIsTheirWeightedSum) {
  using T = TypeParam;
  constexpr std::size_t pitch = 256;
  this->for_all([&](const auto& rows) {
    const Moments kind = rows.d % 2 == 0 ? Moments::squares : Moments::square_sum;
    const std::size_t columns = n_moments(kind, rows.d);
    const std::vector<T> moments = this->moments_of(kind, rows);
    for (const std::size_t k : {1U, 2U, 3U, 4U, 8U, 13U}) {
      const std::vector<T> coefficients = this->normals(k * columns);
      const std::vector<T> drawn = this->normals(k);
      const std::vector<double> constants(drawn.begin(), drawn.end());
      std::vector<double> joint(k * pitch, 7.0);
      linear_score<T>(moments.data(), rows.n, columns, {k, coefficients.data(), constants.data()}, joint.data(), pitch);
      for (std::size_t c = 0; c < k; ++c)
        for (std::size_t r = 0; r < rows.n; ++r) {
          const std::vector<Real> values = this->naive(kind, rows, r);
          Real sum = constants[c];
          Real size = 1;
          for (std::size_t j = 0; j < columns; ++j) {
            sum += static_cast<Real>(coefficients[c * columns + j]) * values[j];
            size += std::abs(static_cast<Real>(coefficients[c * columns + j]) * values[j]);
          }
          ASSERT_NEAR(joint[c * pitch + r], sum, this->tolerance * size);
        }
    }
  });
}

}  // namespace
}  // namespace shoal
