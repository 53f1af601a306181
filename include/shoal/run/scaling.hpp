/// The scales of features: found from rows, and what they do to parameters.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shoal/data/scaling.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/pass/row_pass.hpp"
#include "shoal/run/scaling_options.hpp"

namespace shoal {

/// Reads the weights that --feature-weights names, if any (/path: in `data_file`), and checks that there are D of them,
/// positive and finite. names: of the features, or empty. The file's own files are added to `sources`, on rank 0.
/// Collective. Throws Error: usage on a weight that cannot be, no_input or bad_data where they cannot be read.
void settle_feature_weights(const Communicator& comm, std::size_t n_features, const std::vector<std::string>& names,
                            const std::string& data_file, ScalingOptions& options, std::vector<std::string>& sources);

/// What was found, and what of it a person should know.
struct FoundScaling {
  Scaling scaling;
  std::vector<std::string> warnings;
};

/// Center and scale of each feature over rows of positive weight and values that are not missing: mean and deviation
/// (divisor W), minimum and range, or median and 1.4826 times the median absolute deviation; the scale divided by the
/// feature's weight. A scale of 0, of a constant feature, becomes 1. Empty where nothing is asked for. Collective.
/// Throws Error(bad_data) where a scale is beyond float64.
template <class T>
FoundScaling find_scaling(const RowPass<T>& pass, const ScalingOptions& options, const std::vector<std::string>& names);

/// A line where one of several features carries over 90 % of the spread that a hard model without scaling goes by, as
/// up to 65,536 rows tell, evenly spread over all; else empty. Collective.
template <class T>
std::string lone_feature(const RowPass<T>& pass, const ModelOptions& model, const ScalingOptions& options,
                         const std::vector<std::string>& names);

/// Brings a model's parameters from the units of one scaling (empty: the data's) to those of another: places as values,
/// covariances by both features' scales; one variance for all features stands for their mean there as here. Where both
/// are the same nothing changes. @pre The arrays have passed check_parameters.
void change_units(const ModelOptions& model, const Scaling& from, const Scaling& to, NamedArrays& arrays);

/// Where the clusters of a model lie (K x D of a model of numbers), in the data's units. Throws Error(bad_data) naming
/// `source` where the array is not as it must be.
NamedArray centres_in_data_units(const ModelFile& model, const std::string& source);

/// "feature 3 (width)", by its name where that is known.
std::string feature_text(std::size_t feature, const std::vector<std::string>& names);

}  // namespace shoal
