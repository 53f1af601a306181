/// What a person chooses about the rows of a data set.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shoal/core/option.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/model/options.hpp"

namespace shoal {

enum class Precision { float64, float32 };
template <>
inline constexpr auto names_of<Precision> = names("float64", "float32");

struct RowOptions {
  ShapeOptions shape;  ///< which rows and features; its missing values, rounded to the data set's type, hold int64
  ContentName mask;    ///< data set of one number per row, 0: left out; named as the weights are; empty: all are used
  ContentName row_weights;  ///< data set of weights: a path in each data file, or file.h5:/path; empty: all 1
  Missing missing = Missing::error;
  std::optional<Precision> precision;  ///< float32 for float32 data sets, else float64
};

/// Throws Error(usage) where the model cannot integrate missing entries out, as its options ask.
void require_marginal(const ModelOptions& options);

/// Weights, missing entries and missing values, and precision. The help names no family.
std::vector<Option<RowOptions>> row_options();

}  // namespace shoal
