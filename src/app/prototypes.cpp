#include "app/prototypes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "shoal/core/error.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal::app {
namespace {

const std::string ink = " .:-=+*#%@";
constexpr std::size_t terminal = 80;

/// One line of one picture, two characters a feature so that pixels look square.
std::string line_of(const double* values, std::size_t width, double low, double high) {
  std::string line;
  for (std::size_t i = 0; i < width; ++i) {
    const double share = high > low ? (values[i] - low) / (high - low) : 0;
    const auto step = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(ink.size() - 1) + 0.5);
    line.append(2, ink[step]);
  }
  return line;
}

}  // namespace

std::string prototype_pictures(const ModelFile& model, const std::string& name, std::int64_t width_wanted) {
  const auto n = static_cast<std::size_t>(model.n_clusters), d = static_cast<std::size_t>(model.n_features);
  const ModelOptions options = stored_options(model, name).model;
  const std::size_t levels = level_count(options.family(), d, model.parameters, name);
  const Parameter centre = options.family().parameters(options, {n, d, levels}).front();
  const auto width = static_cast<std::size_t>(width_wanted);
  if (centre.shape != std::vector{n, d} || d % width != 0)
    throw Error(ExitCode::usage,
                fmt::format("--prototypes {}: the {} features of this {} model cannot be cut into lines of {}", width,
                            d, model.model, width));
  const NamedArray centres = centres_in_data_units(model, name);
  const std::vector<double> counts = require_array(model.parameters, "counts", {n}, name).values;
  const bool share = centre.domain == Domain::probabilities;
  const double low = share ? 0 : *std::min_element(centres.values.begin(), centres.values.end());
  const double high = share ? 1 : *std::max_element(centres.values.begin(), centres.values.end());
  const std::size_t abreast = std::max<std::size_t>(1, (terminal + 3) / (2 * width + 3));
  std::string text;
  for (std::size_t first = 0; first < centres.shape[0]; first += abreast) {
    const std::size_t last = std::min(first + abreast, centres.shape[0]);
    for (std::size_t k = first; k < last; ++k)
      text +=
          fmt::format("{:<{}}", fmt::format("{}: {:.1f} %", k, 100 * counts[k] / model.total_weight), 2 * width + 3);
    text += '\n';
    for (std::size_t line = 0; line < d / width; ++line) {
      for (std::size_t k = first; k < last; ++k)
        text += line_of(centres.values.data() + k * d + line * width, width, low, high) + (k + 1 < last ? " | " : "");
      text.erase(text.find_last_not_of(' ') + 1);
      text += '\n';
    }
    text += '\n';
  }
  return text;
}

}  // namespace shoal::app
