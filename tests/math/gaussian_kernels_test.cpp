// The kernels of Gaussian mixtures against naive loops, under every instruction set of this machine, for
// sizes on both sides of every border between blocks.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "math/kernel_rows.hpp"
#include "shoal/math/diagonal_form.hpp"
#include "shoal/math/scatter.hpp"
#include "shoal/math/triangular_form.hpp"

namespace shoal {
namespace {

using test::Real;

template <class T>
using GaussianKernels = test::KernelRows<T>;
TYPED_TEST_SUITE(GaussianKernels, test::RowTypes);

TYPED_TEST(GaussianKernels, GroupsHoldTheRowsLessTheOrigin) {
  using T = TypeParam;
  this->for_all([&](const auto& rows) {
    const std::vector<T> origin = this->normals(rows.d);
    std::vector<T> groups(rows.groups.size(), T(7));
    load_groups(rows.values.data(), rows.n, rows.d, origin.data(), groups.data());
    for (std::size_t r = 0; r < n_groups<T>(rows.n) * group_rows<T>; ++r)
      for (std::size_t j = 0; j < rows.d; ++j) {
        const T expected = r < rows.n ? rows.values[r * rows.d + j] - origin[j] : T(0);
        ASSERT_EQ(groups[r / group_rows<T> * group_stride<T>(rows.d) + j * group_rows<T> + r % group_rows<T>],
                  expected);
      }
  });
}

TYPED_TEST(GaussianKernels, TriangularScoreIsTheQuadraticForm) {
  using T = TypeParam;
  this->for_all([&](const auto& rows) {
    const std::size_t d = rows.d;
    const std::vector<T> mean = this->normals(d);
    Matrix lower(d, d);
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j <= i; ++j) lower(i, j) = static_cast<double>(this->normals(1)[0]);
    const std::vector<T> triangle = pack_triangle<T>(lower);
    std::vector<T> scratch(d * group_rows<T>);
    std::vector<double> best(256, -INFINITY);
    std::vector<double> joint(256);
    triangular_score<T>(rows.groups.data(), rows.n, d, {mean.data(), triangle.data(), 3.0, -INFINITY}, scratch.data(),
                        best.data(), joint.data());
    std::vector<T> whitened(rows.groups.size());
    whiten(rows.groups.data(), rows.n, d, triangle.data(), whitened.data());
    for (std::size_t r = 0; r < rows.n; ++r) {
      Real form = 0;
      Real size = 1;
      for (std::size_t i = 0; i < d; ++i) {
        Real y = 0;
        Real white = 0;
        for (std::size_t j = 0; j <= i; ++j) {
          y += lower(i, j) * (rows.at(r, j) - mean[j]);
          white += lower(i, j) * rows.at(r, j);
          size += std::abs(lower(i, j) * (rows.at(r, j) - mean[j]));
        }
        form += y * y;
        ASSERT_NEAR(whitened[r / group_rows<T> * group_stride<T>(d) + i * group_rows<T> + r % group_rows<T>], white,
                    this->tolerance * size);
      }
      ASSERT_NEAR(joint[r], 3 - form / 2, this->tolerance * size * size);
    }
  });
}

TYPED_TEST(GaussianKernels, TriangularScoreGivesUpOnlyOnWhatTruncationLeavesOut) {
  using T = TypeParam;
  this->for_all([&](const auto& rows) {
    const std::size_t d = rows.d;
    Matrix lower(d, d);
    for (std::size_t i = 0; i < d; ++i) lower(i, i) = 1;
    std::vector<T> mean(d, T(0));
    mean[0] = T(12);  // q about 144: past the threshold of some rows, not of others
    const std::vector<T> triangle = pack_triangle<T>(lower);
    std::vector<T> scratch(d * group_rows<T>);
    const double log_threshold = -60 * std::log(2.0);
    const std::vector<double> start = this->weights(256, 0.0);
    std::vector<double> best = start;
    std::vector<double> all(256);
    std::vector<double> some(256);
    std::vector<double> unused = start;
    const T* x = rows.groups.data();
    triangular_score<T>(x, rows.n, d, {mean.data(), triangle.data(), 0.5, -INFINITY}, scratch.data(), unused.data(),
                        all.data());
    triangular_score<T>(x, rows.n, d, {mean.data(), triangle.data(), 0.5, log_threshold}, scratch.data(), best.data(),
                        some.data());
    for (std::size_t r = 0; r < rows.n; ++r) {
      const double q = 2 * (0.5 - all[r]);
      if (some[r] != all[r]) {
        ASSERT_EQ(some[r], -INFINITY);
        ASSERT_LT(all[r] - start[r] + std::log1p(q), log_threshold);
      }
    }
  });
}

TYPED_TEST(GaussianKernels, DiagonalScoreIsTheWeightedDistance) {
  using T = TypeParam;
  this->for_all([&](const auto& rows) {
    const std::size_t d = rows.d;
    for (const std::size_t k : {1U, 2U, 3U, 4U, 9U}) {
      const std::vector<T> means = this->normals(k * d);
      std::vector<T> precisions = this->normals(k * d);
      for (T& p : precisions) p = std::abs(p);
      const std::vector<double> constants(k, 2.5);
      const std::vector<double> scales(k, 4.0);
      std::vector<double> joint(k * 256);
      std::vector<double> scaled(k * 256);
      std::vector<double> squared(k * 256);
      diagonal_score<T>(rows.groups.data(), rows.n, d, {k, means.data(), precisions.data(), nullptr, constants.data()},
                        joint.data(), nullptr, 256);
      diagonal_score<T>(rows.groups.data(), rows.n, d, {k, means.data(), nullptr, scales.data(), constants.data()},
                        scaled.data(), squared.data(), 256);
      for (std::size_t c = 0; c < k; ++c)
        for (std::size_t r = 0; r < rows.n; ++r) {
          Real weighted = 0;
          Real plain = 0;
          for (std::size_t j = 0; j < d; ++j) {
            const Real apart = rows.at(r, j) - means[c * d + j];
            weighted += apart * apart * precisions[c * d + j];
            plain += apart * apart;
          }
          ASSERT_NEAR(joint[c * 256 + r], 2.5 - weighted / 2, this->tolerance * (3 + weighted));
          ASSERT_NEAR(squared[c * 256 + r], plain, this->tolerance * plain);
          ASSERT_NEAR(scaled[c * 256 + r], 2.5 - 2 * plain, this->tolerance * (3 + plain) * 4);
        }
    }
  });
}

TYPED_TEST(GaussianKernels, ScatterAndSquaresAreSumsOverRows) {
  using T = TypeParam;
  for (const double zeros : {0.0, 0.3, 0.9, 1.0})
    this->for_all([&](const auto& rows) {
      const std::size_t d = rows.d;
      const std::vector<T> mean = this->normals(d);
      const std::vector<double> weight = this->weights(rows.n, zeros);
      ScatterScratch<T> scratch(rows.n, d);
      std::vector<double> sum(d, 1.0), square(d, 2.0), sum_again(d, 1.0);
      std::vector<double> triangle(d * (d + 1) / 2, 2.0);
      add_scatter(rows.groups.data(), rows.n, d, mean.data(), weight.data(), scratch, sum.data(), triangle.data());
      add_squares<T>(rows.groups.data(), rows.n, d, mean.data(), weight.data(), scratch, sum_again.data(),
                     square.data(), nullptr);
      const double bound = this->tolerance * static_cast<double>(rows.n + 20);
      for (std::size_t i = 0; i < d; ++i) {
        Real first = 1;
        for (std::size_t r = 0; r < rows.n; ++r) first += weight[r] * (rows.at(r, i) - mean[i]);
        ASSERT_NEAR(sum[i], first, bound);
        ASSERT_NEAR(sum_again[i], first, bound);
        for (std::size_t j = 0; j <= i; ++j) {
          Real second = 2;
          for (std::size_t r = 0; r < rows.n; ++r)
            second += weight[r] * (rows.at(r, i) - mean[i]) * (rows.at(r, j) - mean[j]);
          ASSERT_NEAR(triangle[i * (i + 1) / 2 + j], second, 4 * bound);
          if (i == j) {
            ASSERT_NEAR(square[i], second, 4 * bound);
          }
        }
      }
    });
}

TYPED_TEST(GaussianKernels, WeightedRowsPassOverComponentsWithoutWeight) {
  using T = TypeParam;
  this->for_all([&](const auto& rows) {
    const std::size_t d = rows.d;
    for (const std::size_t k : {1U, 2U, 3U, 4U, 7U}) {
      std::vector<double> weight;
      for (std::size_t c = 0; c < k; ++c) {
        std::vector<double> one = this->weights(rows.n, c == 1 ? 1.0 : 0.2);
        one.resize(256);
        weight.insert(weight.end(), one.begin(), one.end());
      }
      ScatterScratch<T> scratch(rows.n, d);
      std::vector<double> sums(k * (d + 1), 1.0);
      add_weighted_rows<T>(rows.groups.data(), rows.n, d, weight.data(), 256, k, scratch, sums.data(), d + 1);
      for (std::size_t c = 0; c < k; ++c) {
        for (std::size_t j = 0; j < d; ++j) {
          Real sum = 1;
          for (std::size_t r = 0; r < rows.n; ++r) sum += weight[c * 256 + r] * rows.at(r, j);
          ASSERT_NEAR(sums[c * (d + 1) + j], sum, this->tolerance * static_cast<double>(rows.n + 20));
        }
        ASSERT_EQ(sums[c * (d + 1) + d], 1.0);
      }
    }
  });
}

TYPED_TEST(GaussianKernels, MissingEntriesAreLeftOut) {
  using T = TypeParam;
  this->for_all([&](auto rows) {
    const std::size_t d = rows.d;
    for (std::size_t i = 0; i < rows.values.size(); i += 3) rows.values[i] = std::numeric_limits<T>::quiet_NaN();
    load_groups(rows.values.data(), rows.n, d, std::vector<T>(d, T(0)).data(), rows.groups.data());
    const std::vector<T> mean = this->normals(d);
    const std::vector<T> precision(d, T(0.5));
    const std::vector<double> log_norm(d, 0.25);
    const std::vector<double> weight = this->weights(rows.n, 0.1);
    std::vector<double> joint(256);
    observed_score(rows.groups.data(), rows.n, d, mean.data(), precision.data(), log_norm.data(), 3.0, joint.data());
    ScatterScratch<T> scratch(rows.n, d);
    std::vector<double> sum(d), square(d), observed(d);
    add_squares(rows.groups.data(), rows.n, d, mean.data(), weight.data(), scratch, sum.data(), square.data(),
                observed.data());
    for (std::size_t r = 0; r < rows.n; ++r) {
      Real form = 0;
      for (std::size_t j = 0; j < d; ++j) {
        const Real apart = rows.at(r, j) - mean[j];
        if (!std::isnan(apart)) form += apart * apart / 2 + 0.25;
      }
      ASSERT_NEAR(joint[r], 3 - form / 2, this->tolerance * (3 + form));
    }
    for (std::size_t j = 0; j < d; ++j) {
      Real expected[3] = {};
      for (std::size_t r = 0; r < rows.n; ++r) {
        const Real apart = rows.at(r, j) - mean[j];
        if (std::isnan(apart)) continue;
        expected[0] += weight[r] * apart;
        expected[1] += weight[r] * apart * apart;
        expected[2] += weight[r];
      }
      const double bound = 4 * this->tolerance * static_cast<double>(rows.n + 20);
      ASSERT_NEAR(sum[j], expected[0], bound);
      ASSERT_NEAR(square[j], expected[1], bound);
      ASSERT_NEAR(observed[j], expected[2], bound);
    }
  });
}

}  // namespace
}  // namespace shoal
