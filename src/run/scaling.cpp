#include "shoal/run/scaling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/model/column_medians.hpp"
#include "shoal/pass/column_extents.hpp"
#include "shoal/pass/column_moments.hpp"

namespace shoal {
namespace {

/// All values of a one-dimensional data set, on every rank.
std::vector<double> read_values(const Communicator& comm, const DatasetInfo& info) {
  std::vector<double> values(comm.is_root() ? static_cast<std::size_t>(info.n_rows) : 0);
  const auto rows = [&](int rank) { return rank == 0 ? Range{0, info.n_rows} : Range{info.n_rows, info.n_rows}; };
  read_slices(comm, {info}, rows, 1, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      std::transform(elements, elements + slice.n_rows, values.begin() + slice.first_row,
                     [](auto element) { return static_cast<double>(element); });
    });
  });
  broadcast_object(comm, values);
  return values;
}

void read_weights(const Communicator& comm, const std::string& data_file, ScalingOptions& options,
                  std::vector<std::string>& sources) {
  const std::string& name = options.weights_file.name;
  if (name.starts_with('/') && parse_dataset_name(name).path.empty() && data_file.empty())
    throw Error(ExitCode::usage,
                fmt::format("--feature-weights {}: these rows have no file; give file.h5:/path", name));
  const bool has_file = !parse_dataset_name(name).path.empty();
  const DatasetInfo info = describe_datasets(comm, {has_file ? name : data_file + ":" + name}, Wanted::labels).front();
  if (comm.is_root()) {
    sources.push_back(info.file);
    for (const DatasetInfo* stored : stored_of(info))
      for (const Extent& extent : stored->storage.extents) sources.push_back(extent.file);
    sources.insert(sources.end(), info.storage.sources.begin(), info.storage.sources.end());
  }
  options.feature_weights = read_values(comm, info);
  options.weights_file.digest =
      digest({{"feature-weights", {options.feature_weights.size()}, options.feature_weights}});
}

Scaling by_deviation(ColumnMoments moments) {
  for (double& variance : moments.variance) variance = std::sqrt(variance);
  return {std::move(moments.mean), std::move(moments.variance)};
}

Scaling by_range(ColumnExtents extents) {
  for (std::size_t j = 0; j < extents.least.size(); ++j) {
    if (!(extents.least[j] <= extents.greatest[j])) extents.least[j] = extents.greatest[j] = 0;  // no value
    extents.greatest[j] -= extents.least[j];
  }
  return {std::move(extents.least), std::move(extents.greatest)};
}

template <class T>
Scaling by_absolute_deviation(const RowPass<T>& pass) {
  Scaling scaling{column_medians(pass), {}};
  scaling.scale = column_medians(pass, scaling.center);
  for (double& scale : scaling.scale) scale *= 1.4826;  // of a normal distribution: the standard deviation
  return scaling;
}

template <class T>
Scaling standardized(const RowPass<T>& pass, Standardize how) {
  const std::size_t d = pass.source().n_features;
  const double total = pass.summary().total_weight;
  if (how == Standardize::none || !(total > 0) || !std::isfinite(total))  // no such weights can be fitted
    return {std::vector<double>(d, 0.0), std::vector<double>(d, 1.0)};
  if (how == Standardize::sd) return by_deviation(column_moments(pass));
  if (how == Standardize::range) return by_range(column_extents(pass));
  return by_absolute_deviation(pass);
}

/// "features 1 (b) and 4 (e) are", as many as a line has room for.
std::string features_are(const std::vector<std::size_t>& features, const std::vector<std::string>& names) {
  constexpr std::size_t most = 6;
  std::string text = feature_text(features.front(), names);
  for (std::size_t i = 1; i < std::min(most, features.size()); ++i) text += ", " + feature_text(features[i], names);
  if (features.size() > most) text += fmt::format(" and {} more", features.size() - most);
  return text + (features.size() == 1 ? " is" : " are");
}

/// Puts 1 where a scale is nothing, and says why. Deviations so small that squares lost them are an error.
template <class T>
void mend_scales(const RowPass<T>& pass, Standardize how, const std::vector<std::string>& names, FoundScaling& found) {
  constexpr double least_deviation = 0x1p-450;  // its square has all digits
  std::vector<double>&centers = found.scaling.center, &scales = found.scaling.scale;
  std::vector<std::size_t> small, constant, half;
  for (std::size_t j = 0; j < scales.size(); ++j) {
    const double rounded = std::max(least_deviation, 0x1p-40 * std::abs(centers[j]));  // a constant's, where gaps are
    if (scales[j] == 0 || (how == Standardize::sd && scales[j] < rounded)) small.push_back(j);
  }
  if (small.empty()) return;
  const ColumnExtents extents = column_extents(pass);
  for (const std::size_t j : small) {
    const bool varies = extents.least[j] < extents.greatest[j];
    if (varies && how == Standardize::sd && scales[j] >= least_deviation) continue;
    if (varies && how == Standardize::sd)
      throw Error(ExitCode::bad_data, fmt::format("{}: its values span only {}, so their squares are zero in float64; "
                                                  "scale it up, or use --standardize range",
                                                  feature_text(j, names), extents.greatest[j] - extents.least[j]));
    (varies ? half : constant).push_back(j);
    if (extents.least[j] == extents.greatest[j]) centers[j] = extents.least[j];
    scales[j] = 1;
  }
  if (!constant.empty()) found.warnings.push_back(features_are(constant, names) + " constant: the scale is 1");
  if (!half.empty())
    found.warnings.push_back(features_are(half, names) +
                             " the same in at least half of the rows, so the median absolute deviation is 0 and the "
                             "scale is 1; --standardize sd finds another scale");
}

}  // namespace

std::string feature_text(std::size_t feature, const std::vector<std::string>& names) {
  return names.empty() ? fmt::format("feature {}", feature) : fmt::format("feature {} ({})", feature, names[feature]);
}

void settle_feature_weights(const Communicator& comm, std::size_t n_features, const std::vector<std::string>& names,
                            const std::string& data_file, ScalingOptions& options, std::vector<std::string>& sources) {
  if (!options.weights_file.name.empty()) read_weights(comm, data_file, options, sources);
  const std::vector<double>& weights = options.feature_weights;
  const ExitCode code = options.weights_file.name.empty() ? ExitCode::usage : ExitCode::bad_data;
  const std::string what =
      "--feature-weights" + (options.weights_file.name.empty() ? "" : " " + options.weights_file.name);
  if (!weights.empty() && weights.size() != n_features)
    throw Error(code,
                fmt::format("{}: {} weights for {} features; give one for each", what, weights.size(), n_features));
  for (std::size_t j = 0; j < weights.size(); ++j)
    if (!(weights[j] > 0) || !std::isfinite(weights[j]))
      throw Error(ExitCode::usage,
                  fmt::format("{}: {} of {}; weights are positive and finite: leave a feature out by --columns ^{}",
                              what, weights[j], feature_text(j, names), names.empty() ? "NUMBER" : names[j]));
}

template <class T>
FoundScaling find_scaling(const RowPass<T>& pass, const ScalingOptions& options,
                          const std::vector<std::string>& names) {
  FoundScaling found;
  if (!options.asked()) return found;
  found.scaling = standardized(pass, options.standardize);
  mend_scales(pass, options.standardize, names, found);
  std::vector<double>& scales = found.scaling.scale;
  for (std::size_t j = 0; j < scales.size(); ++j) {
    if (!options.feature_weights.empty()) scales[j] /= options.feature_weights[j];
    if (!std::isfinite(found.scaling.center[j]) || !std::isfinite(scales[j]) || scales[j] <= 0)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its center {} and scale {} are beyond float64; scale the data or "
                              "--feature-weights",
                              feature_text(j, names), found.scaling.center[j], scales[j]));
  }
  return found;
}

template FoundScaling find_scaling(const RowPass<float>&, const ScalingOptions&, const std::vector<std::string>&);
template FoundScaling find_scaling(const RowPass<double>&, const ScalingOptions&, const std::vector<std::string>&);

}  // namespace shoal
