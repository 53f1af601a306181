#include "app/model_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "shoal/core/error.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal::app {
namespace {

/// The value of `choices` whose name is `text`.
template <class E>
E by_name(const std::string& text, std::initializer_list<E> choices, const std::string& attribute,
          const std::string& file) {
  for (const E choice : choices)
    if (to_string(choice) == text) return choice;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: attribute `{}` is \"{}\", which this shoal does not know", file, attribute, text));
}

/// What the options text says of a key, empty where it says nothing or is no TOML.
std::string option_in(const std::string& options, const std::string& key) {
  std::istringstream stream(options);
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(stream))
      if (item.name == key && item.inputs.size() == 1) return item.inputs.front();
  } catch (const CLI::Error&) {
    return "";
  }
  return "";
}

/// The prior is part of the objective, and stands in the options text alone.
double pseudo_count_of(const std::string& options) {
  const std::string text = option_in(options, "pseudo-count");
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value > 0 && std::isfinite(value) ? value : 0;
}

}  // namespace

ModelOptions options_of(const ModelFile& file, const std::string& name) {
  if (file.n_clusters < 1 || file.n_features < 1 || file.n_clusters > (std::int64_t{1} << 24U) ||
      file.n_features > (std::int64_t{1} << 40U))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} clusters of {} features are impossible", name, file.n_clusters, file.n_features));
  ModelOptions options;
  options.kind = by_name(
      file.model,
      {ModelKind::kmeans, ModelKind::kmedians, ModelKind::bernoulli, ModelKind::categorical, ModelKind::gaussian},
      "model", name);
  options.n_clusters = static_cast<std::size_t>(file.n_clusters);
  const NamedArray* sized = find(file.parameters, "counts");
  if (sized == nullptr || sized->values.size() != options.n_clusters)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/counts does not hold {} values", name, file.n_clusters));
  if (options.kind == ModelKind::gaussian)
    options.covariance =
        by_name(file.covariance, {Covariance::full, Covariance::tied, Covariance::diag, Covariance::spherical},
                "covariance", name);
  if (options.kind == ModelKind::kmedians)
    options.center = by_name(file.center, {Center::median, Center::geometric}, "center", name);
  if (is_discrete(options.kind)) options.pseudo_count = pseudo_count_of(file.options);
  options.truncate = file.mixing == "learned";  // as in the fit, whose bits are to be repeated
  return options;
}

Precision precision_of(const ModelFile& file) {
  return option_in(file.options, "precision") == "float32" ? Precision::float32 : Precision::float64;
}

std::size_t coded_clusters(const ModelFile& file) {
  const std::string text = option_in(file.options, "clusters");
  std::int64_t clusters = 0;
  std::from_chars(text.data(), text.data() + text.size(), clusters);
  return static_cast<std::size_t>(std::clamp(clusters, file.n_clusters, std::int64_t{1} << 24U));
}

LevelOffsets level_offsets_of(const ModelFile& file, const std::string& name) {
  const auto d = static_cast<std::size_t>(file.n_features);
  LevelOffsets offsets = {0};
  if (file.model == "bernoulli") {
    require_array(file.parameters, "probabilities", {static_cast<std::size_t>(file.n_clusters), d}, name);
    for (std::size_t j = 0; j < d; ++j) offsets.push_back(offsets.back() + 2);
    return offsets;
  }
  const NamedArray& stored = require_array(file.parameters, "level_offsets", {d + 1}, name);
  return {stored.values.begin(), stored.values.end()};
}

}  // namespace shoal::app
