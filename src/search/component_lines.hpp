// The arrays of a model, component by component.
#pragma once

#include <string>
#include <vector>

#include "shoal/model/family.hpp"

namespace shoal {

/// Which arrays have a line for each component (means, probabilities, most covariances), which are common to all.
class ComponentLines {
 public:
  ComponentLines(const ModelOptions& options, std::size_t n_features);

  /// Component k as a model of its own.
  [[nodiscard]] NamedArrays alone(const NamedArrays& all, std::size_t k) const;

  /// Gives component k of `all` what component i of `others` has, but for its weight and what is common.
  void put(const NamedArrays& others, std::size_t i, NamedArrays& all, std::size_t k) const;

  /// One component more, which is as component k.
  [[nodiscard]] NamedArrays with_copy(const NamedArrays& all, std::size_t k) const;

 private:
  [[nodiscard]] bool has_lines(const NamedArray& array) const;
  std::vector<std::string> names_;
};

/// The mixing weights. @pre There are such.
std::vector<double>& weights_in(NamedArrays& arrays);

void to_sum_of_one(std::vector<double>& weights);

}  // namespace shoal
