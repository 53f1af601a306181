#include "shoal/run/partial_start.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "shoal/core/error.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// Which kinds an array of this shape may be of.
std::vector<Covariance> kinds_of(const std::vector<std::size_t>& shape, std::size_t k, std::size_t d) {
  std::vector<Covariance> kinds;
  if (shape == std::vector{k, d, d}) kinds.push_back(Covariance::full);
  if (shape == std::vector{d, d}) kinds.push_back(Covariance::tied);
  if (shape == std::vector{k, d}) kinds.push_back(Covariance::diag);
  if (shape == std::vector{k}) kinds.push_back(Covariance::spherical);
  return kinds;
}

/// K full matrices, whatever the kind.
std::vector<double> as_full(const std::vector<double>& stored, Covariance kind, std::size_t k, std::size_t d) {
  std::vector<double> full(k * d * d, 0.0);
  for (std::size_t c = 0; c < k; ++c)
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < d; ++j) {
        double& value = full[(c * d + i) * d + j];
        if (kind == Covariance::full) value = stored[(c * d + i) * d + j];
        if (kind == Covariance::tied) value = stored[i * d + j];
        if (kind == Covariance::diag && i == j) value = stored[c * d + i];
        if (kind == Covariance::spherical && i == j) value = stored[c];
      }
  return full;
}

/// Diagonals alone, their means, or the mean over components.
std::vector<double> of_kind(const std::vector<double>& full, const std::vector<double>& weights, Covariance kind,
                            std::size_t d) {
  if (kind == Covariance::full) return full;
  const std::size_t k = weights.size();
  std::vector<double> found(kind == Covariance::tied ? d * d : kind == Covariance::diag ? k * d : k, 0.0);
  for (std::size_t c = 0; c < k; ++c)
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < d; ++j) {
        const double value = full[(c * d + i) * d + j];
        if (kind == Covariance::tied) found[i * d + j] += weights[c] * value;
        if (kind == Covariance::diag && i == j) found[c * d + i] = value;
        if (kind == Covariance::spherical && i == j) found[c] += value / static_cast<double>(d);
      }
  return found;
}

void convert_covariances(const ModelOptions& model, std::size_t d, const StoredParameters& stored,
                         const std::string& source, NamedArray& array, std::string& note) {
  const std::size_t k = model.n_clusters;
  const Covariance wanted = model.of<GaussianOptions>().covariance;
  std::vector<Covariance> kinds = kinds_of(array.shape, k, d);
  const std::optional<Covariance> said = from_name<Covariance>(stored.covariance);
  if (said && std::ranges::find(kinds, *said) != kinds.end()) kinds = {*said};
  if (kinds.empty() || std::ranges::find(kinds, wanted) != kinds.end()) return;  // as it is, or for the check to refuse
  if (kinds.size() > 1)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/covariances of shape ({}) may be tied or diag; say which by an attribute "
                            "`covariance` of the file",
                            source, fmt::join(array.shape, ", ")));
  require_array({array}, "covariances", array.shape, source);
  std::vector<double> weights(k, 1.0 / static_cast<double>(k));
  if (const NamedArray* given = find(stored.arrays, "weights"); given != nullptr && given->values.size() == k)
    weights = given->values;
  array.values = of_kind(as_full(array.values, kinds.front(), k, d), weights, wanted, d);
  array.shape = model.family().parameters(model, {k, d, 0}).back().shape;
  note = fmt::format("covariances are those of a {} model", to_string(kinds.front()));
}

std::vector<std::string> wanted_names(const ModelOptions& model) {
  std::vector<std::string> names;
  for (const Parameter& parameter : model.family().parameters(model, {1, 1, 1})) names.push_back(parameter.name);
  if (model.family().mixture) names.emplace_back("weights");
  return names;
}

}  // namespace

NamedArrays usable_arrays(const ModelOptions& model, std::size_t n_features, const StoredParameters& stored,
                          const std::string& source, std::string& note) {
  const Family& family = model.family();
  NamedArrays arrays = stored.arrays;
  const std::vector<std::string> wanted = wanted_names(model);
  std::erase_if(arrays, [&](const NamedArray& array) {
    return array.name != "level_offsets" && std::ranges::find(wanted, array.name) == wanted.end();
  });
  const auto covariances = std::ranges::find(arrays, "covariances", &NamedArray::name);
  if (covariances != arrays.end()) convert_covariances(model, n_features, stored, source, *covariances, note);
  const bool any = std::ranges::any_of(arrays, [](const NamedArray& array) { return array.name != "level_offsets"; });
  if (!any && !stored.labels && !stored.responsibilities)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has nothing that a {} model can start from: none of {} under /parameters, no /labels, "
                            "no /responsibilities",
                            source, family.name, fmt::join(wanted, ", ")));
  if (!any) arrays.clear();
  return arrays;
}

bool is_partial(const ModelOptions& model, const NamedArrays& arrays) {
  return std::ranges::any_of(model.family().parameters(model, {1, 1, 1}),
                             [&](const Parameter& parameter) { return find(arrays, parameter.name) == nullptr; });
}

std::string start_note(const ModelOptions& model, const StartOptions& start) {
  std::vector<std::string> given, computed;
  for (const std::string& name : wanted_names(model))
    (find(start.arrays, name) != nullptr ? given : computed).push_back(name);
  const bool uniform = model.mixing != Mixing::learned;
  if (uniform) std::erase(computed, "weights");
  if (computed.empty() && start.note.empty()) return "";
  std::string text = fmt::format("start from {}: ", start.file.name);
  if (!start.note.empty()) text += start.note + (computed.empty() ? "" : "; ");
  if (computed.empty()) return text;
  const std::string place = model.family().parameters(model, {1, 1, 1}).front().name;
  std::string how;
  if (!start.responsibilities.empty() || start.of_rows)
    how = "of the rows by what they belong to there";
  else if (!is_partial(model, start.arrays))
    how = "1 / K each";
  else if (find(start.arrays, place) != nullptr)
    how = fmt::format("of the rows nearest to each of the {}", place);
  else
    how = "of seeds that are drawn";
  return text + fmt::format("{}{} are {}", given.empty() ? "" : fmt::format("has {}; ", fmt::join(given, ", ")),
                            fmt::join(computed, ", "), how);
}

}  // namespace shoal
