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

enum class NoiseKind { sd, variance, covariance, packed };
template <>
inline constexpr auto names_of<NoiseKind> = names("sd", "variance", "covariance", "packed");

struct RowOptions {
  ShapeOptions shape;  ///< which rows and features; its missing values, rounded to the data set's type, hold int64
  ContentName mask;    ///< data set of one number per row, 0: left out; named as the weights are; empty: all are used
  ContentName row_weights;  ///< data set of weights: a path in each data file, or file.h5:/path; empty: all 1
  ContentName noise;        ///< data set of known noise (noise_reader.hpp), named like them; empty: none
  NoiseKind noise_kind = NoiseKind::sd;
  Missing missing = Missing::error;
  std::optional<Precision> precision;  ///< float32 for float32 data sets, else float64
};

/// Throws Error(usage) where the model cannot integrate missing entries out, as its options ask.
void require_marginal(const ModelOptions& options);

/// Throws Error(usage) where the model cannot take noise of this kind.
void require_noise(const ModelOptions& model, const RowOptions& options);

/// Weights, noise, missing entries and missing values, and precision. The help names no family.
std::vector<Option<RowOptions>> row_options();

}  // namespace shoal
