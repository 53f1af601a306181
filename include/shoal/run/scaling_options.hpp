/// What a person chooses about the scales of features.
#pragma once

#include <string>
#include <vector>

#include "shoal/core/option.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

enum class Standardize { none, sd, range, mad };
template <>
inline constexpr auto names_of<Standardize> = names("none", "sd", "range", "mad");

struct ScalingOptions {
  Standardize standardize = Standardize::none;
  std::vector<double> feature_weights;  ///< D: factors of the scaled values; empty: all 1
  ContentName weights_file;             ///< data set that holds them: file.h5:/path, or /path in the first data file

  [[nodiscard]] bool asked() const {
    return standardize != Standardize::none || !feature_weights.empty() || !weights_file.name.empty();
  }
};

/// Those that mean something to a family: standardising to numbers, weights to hard models of numbers.
std::vector<Option<ScalingOptions>> scaling_options(const Family& family);

}  // namespace shoal
