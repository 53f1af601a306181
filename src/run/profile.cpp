#include "shoal/run/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shoal/core/error.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {
namespace {

/// Of sizes that are all zero nothing is known.
std::vector<double> shares_of(const std::vector<double>& sizes) {
  const double total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  std::vector<double> shares(sizes.size(), 1 / static_cast<double>(sizes.size()));
  if (total > 0) std::ranges::transform(sizes, shares.begin(), [&](double size) { return size / total; });
  return shares;
}

/// A column for each feature, or for each of its levels.
ColumnOffsets offsets_of(const ModelFile& model, std::size_t n_features, std::size_t n_columns) {
  ColumnOffsets offsets(n_features + 1);
  std::iota(offsets.begin(), offsets.end(), std::size_t{0});
  if (n_columns == n_features) return offsets;
  std::ranges::transform(find(model.parameters, "level_offsets")->values, offsets.begin(),
                         [](double offset) { return static_cast<std::size_t>(offset); });
  return offsets;
}

void require_variances(const Matrix& variances, const std::string& source) {
  for (std::size_t i = 0; i < variances.values.size(); ++i)
    if (!(variances.values[i] >= 0))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters: cluster {} has the variance {} in feature {}; fit the model again",
                              source, i / variances.columns, variances.values[i], i % variances.columns));
}

/// Standard deviations in the data's units.
Matrix deviations_of(const Matrix& variances, const Scaling& scaling) {
  Matrix deviations(variances.rows, variances.columns);
  for (std::size_t i = 0; i < deviations.values.size(); ++i)
    deviations.values[i] =
        std::sqrt(variances.values[i]) * (scaling.empty() ? 1 : scaling.scale[i % variances.columns]);
  return deviations;
}

/// The centres of a column less their mean, and the largest of them.
double centred(std::span<const double> shares, const Matrix& centres, std::size_t column, std::vector<double>& off) {
  double mean = 0, largest = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) mean += shares[k] * centres(k, column);
  for (std::size_t k = 0; k < shares.size(); ++k) {
    off[k] = centres(k, column) - mean;
    largest = std::max(largest, std::abs(off[k]));
  }
  return largest;
}

/// B and W of a feature over the square of `unit`, which keeps squares of any centres finite.
struct Spread {
  double between = 0, within = 0;
};

Spread spread_of(std::span<const double> shares, const Matrix& centres, const Matrix* variances, std::size_t first,
                 std::size_t last, double unit) {
  Spread spread;
  std::vector<double> off(shares.size());
  for (std::size_t column = first; column < last; ++column) {
    centred(shares, centres, column, off);
    for (std::size_t k = 0; k < shares.size(); ++k) {
      spread.between += shares[k] * (off[k] / unit) * (off[k] / unit);
      if (variances != nullptr) spread.within += shares[k] * ((*variances)(k, column) / unit / unit);
    }
  }
  return spread;
}

}  // namespace

std::vector<double> features_apart(std::span<const double> shares, const Matrix& centres, const Matrix* variances,
                                   const ColumnOffsets& offsets) {
  const std::size_t d = offsets.size() - 1;
  std::vector<double> apart(d), units(d), off(shares.size());
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t column = offsets[j]; column < offsets[j + 1]; ++column) {
      units[j] = std::max(units[j], centred(shares, centres, column, off));
      for (std::size_t k = 0; variances != nullptr && k < shares.size(); ++k)
        units[j] = std::max(units[j], std::sqrt((*variances)(k, column)));
    }
  if (variances == nullptr && d > 0) std::ranges::fill(units, *std::ranges::max_element(units));
  double all = 0;
  for (std::size_t j = 0; j < d; ++j) {
    if (!(units[j] > 0) || !std::isfinite(units[j])) continue;
    const Spread spread = spread_of(shares, centres, variances, offsets[j], offsets[j + 1], units[j]);
    all += spread.between;
    apart[j] = variances == nullptr ? spread.between : spread.between / (spread.between + spread.within);
  }
  if (variances == nullptr && all > 0)
    for (double& one : apart) one /= all;
  return apart;
}

std::vector<std::size_t> most_apart_first(const std::vector<double>& apart) {
  std::vector<std::size_t> order(apart.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t j) { return apart[j]; });
  return order;
}

Profile profile_of(const ModelFile& model, const std::string& source) {
  const auto k = static_cast<std::size_t>(model.n_clusters), d = static_cast<std::size_t>(model.n_features);
  const ModelOptions options = stored_options(model, source).model;
  const Family& family = options.family();
  const ModelSize size{k, d, level_count(family, d, model.parameters, source)};
  const std::vector<Parameter> parameters = family.parameters(options, size);
  for (const Parameter& parameter : parameters)
    require_array(model.parameters, parameter.name, parameter.shape, source);
  Profile profile;
  profile.centre = parameters.front().name;
  profile.holds_probabilities = parameters.front().domain == Domain::probabilities;
  profile.has_levels = family.rows.values == Values::codes;
  profile.counts = parameters.front().domain == Domain::not_negative;
  profile.sizes = require_array(model.parameters, "counts", {k}, source).values;
  profile.shares = family.mixture ? require_weights(model.parameters, k, source) : shares_of(profile.sizes);
  Matrix centres = require_matrix(model.parameters, profile.centre, k, parameters.front().shape.back(), source);
  profile.offsets = offsets_of(model, d, centres.columns);
  profile.within_known = family.variances != nullptr;
  Matrix variances;
  if (profile.within_known) variances = family.variances(options, size, model.parameters);
  require_variances(variances, source);
  profile.apart = features_apart(profile.shares, centres, profile.within_known ? &variances : nullptr, profile.offsets);
  const bool places = parameters.front().units == Units::places;
  if (places && profile.within_known) profile.deviations = deviations_of(variances, model.scaling);
  profile.centres = std::move(centres);
  if (places) profile.centres.values = centres_in_data_units(model, source).values;
  return profile;
}

}  // namespace shoal
