// What tests of the kernels over groups of rows share.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "shoal/math/row_groups.hpp"
#include "shoal/math/target.hpp"

namespace shoal::test {

using Real = double;

template <class T>
class KernelRows : public testing::Test {
 protected:
  static constexpr double tolerance = sizeof(T) == 8 ? 1e-13 : 2e-5;

  std::vector<T> normals(std::size_t n) {
    std::normal_distribution<double> normal;
    std::vector<T> values(n);
    for (T& value : values) value = static_cast<T>(normal(generator_));
    return values;
  }

  /// Some rows as the user has them, and as the kernels do.
  struct Rows {
    std::size_t n, d;
    std::vector<T> values, groups;
    [[nodiscard]] Real at(std::size_t r, std::size_t j) const { return values[r * d + j]; }
  };
  Rows rows(std::size_t n, std::size_t d) {
    Rows made{n, d, normals(n * d), std::vector<T>(n_groups<T>(n) * group_stride<T>(d), T(7))};
    load_groups(made.values.data(), n, d, std::vector<T>(d, T(0)).data(), made.groups.data());
    return made;
  }

  std::vector<double> weights(std::size_t n, double share_of_zeros) {
    std::uniform_real_distribution<double> uniform;
    std::vector<double> values(n_groups<T>(n) * group_rows<T>, 0.0);
    for (std::size_t r = 0; r < n; ++r) values[r] = uniform(generator_) < share_of_zeros ? 0 : uniform(generator_);
    return values;
  }

  /// Runs `check` for each instruction set and size.
  template <class F>
  void for_all(F&& check) {
    for (const std::string& target : target_names(supported_targets())) {
      use_best_target(target_by_name(target));
      for (const std::size_t d : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 13U, 16U, 17U, 33U, 70U})
        for (const std::size_t n : {1U, 16U, 61U, 256U}) {
          SCOPED_TRACE(target + " D=" + std::to_string(d) + " n=" + std::to_string(n));
          check(rows(n, d));
        }
    }
    use_best_target(supported_targets());
  }
  std::mt19937_64 generator_{7};
};

using RowTypes = testing::Types<float, double>;

}  // namespace shoal::test
