// Parameters from the units of one scaling to those of another.
#include <algorithm>
#include <numeric>

#include "shoal/io/stored_options.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {
namespace {

void change_places(const Scaling& from, const Scaling& to, NamedArray& array) {
  const std::size_t d = array.shape.back();
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    double& value = array.values[i];
    if (!from.empty()) value = from.unscaled(value, i % d);
    if (!to.empty()) value = to.scaled(value, i % d);
  }
}

/// ratio: one of the old units in new ones, of each feature.
void change(Units units, const std::vector<double>& ratio, NamedArray& array) {
  const std::size_t d = ratio.size();
  const double all_squares = std::inner_product(ratio.begin(), ratio.end(), ratio.begin(), 0.0);
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    if (units == Units::squares) array.values[i] *= ratio[i % d] * ratio[i % d];
    if (units == Units::products) array.values[i] *= ratio[i / d % d] * ratio[i % d];
    if (units == Units::mean_square) array.values[i] *= all_squares / static_cast<double>(d);
  }
}

}  // namespace

void change_units(const ModelOptions& model, const Scaling& from, const Scaling& to, NamedArrays& arrays) {
  if (from == to) return;
  const std::size_t d = std::max(from.scale.size(), to.scale.size());
  std::vector<double> ratio(d, 1.0);
  for (std::size_t j = 0; j < d; ++j) {
    if (!from.empty()) ratio[j] *= from.scale[j];
    if (!to.empty()) ratio[j] /= to.scale[j];
  }
  for (const Parameter& parameter : model.family().parameters(model, {model.n_clusters, d, 0})) {
    const auto array = std::ranges::find(arrays, parameter.name, &NamedArray::name);
    if (array == arrays.end()) continue;
    parameter.units == Units::places ? change_places(from, to, *array) : change(parameter.units, ratio, *array);
  }
}

NamedArray centres_in_data_units(const ModelFile& model, const std::string& source) {
  const auto k = static_cast<std::size_t>(model.n_clusters), d = static_cast<std::size_t>(model.n_features);
  const ModelOptions options = stored_options(model, source).model;
  const std::size_t levels = level_count(options.family(), d, model.parameters, source);
  const Parameter centre = options.family().parameters(options, {k, d, levels}).front();
  NamedArray centres = require_array(model.parameters, centre.name, centre.shape, source);
  if (centre.units == Units::places && !model.scaling.empty()) change_places(model.scaling, {}, centres);
  return centres;
}

}  // namespace shoal
