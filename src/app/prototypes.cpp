#include "app/prototypes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/short_numbers.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/run/profile.hpp"

namespace shoal::app {
namespace {

const std::string ink = " .:-=+*#%@";

/// What is drawn, one number a feature, and which numbers are white and black.
struct Picture {
  Matrix values;  ///< K x D
  double low = 0, high = 1;
  std::string what;
};

/// Of levels the mean code, as if codes were numbers.
Matrix mean_codes(const Profile& profile) {
  Matrix codes(profile.centres.rows, profile.n_features());
  for (std::size_t k = 0; k < codes.rows; ++k)
    for (std::size_t j = 0; j < codes.columns; ++j)
      for (std::size_t c = profile.offsets[j]; c < profile.offsets[j + 1]; ++c)
        codes(k, j) += static_cast<double>(c - profile.offsets[j]) * profile.centres(k, c);
  return codes;
}

/// Probabilities from 0 to 1, codes from 0 to the largest, counts from 0, other numbers from the least.
Picture picture_of(const Profile& profile) {
  if (profile.has_levels) {
    std::size_t levels = 0;
    for (std::size_t j = 0; j < profile.n_features(); ++j)
      levels = std::max(levels, profile.offsets[j + 1] - profile.offsets[j]);
    return {mean_codes(profile), 0, static_cast<double>(levels - 1), "mean codes"};
  }
  if (profile.holds_probabilities) return {profile.centres, 0, 1, profile.centre};
  const auto [low, high] = std::ranges::minmax(profile.centres.values);
  return {profile.centres, profile.counts ? 0 : low, high, profile.centre};
}

/// One line of one picture; pixels of two characters look square.
std::string line_of(std::span<const double> values, const Picture& picture, std::size_t characters) {
  std::string line;
  const double range = picture.high / 2 - picture.low / 2;  // of finite numbers finite
  for (const double value : values) {
    const double share = range > 0 ? (value / 2 - picture.low / 2) / range : 0;
    const auto step = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(ink.size() - 1) + 0.5);
    line.append(characters, ink[step]);
  }
  return line;
}

std::string without_blanks_behind(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

/// A width that would do, near the square root of the number of features.
std::size_t likely_width(std::size_t n_features) {
  std::size_t width = n_features;
  for (std::size_t divisor = 1; divisor <= n_features / divisor; ++divisor)
    if (n_features % divisor == 0) width = n_features / divisor;
  return width;
}

}  // namespace

std::string prototype_pictures(const ModelFile& model, const std::string& name, const PictureSize& size) {
  const auto width = static_cast<std::size_t>(size.features), d = static_cast<std::size_t>(model.n_features);
  if (width > d || d % width != 0)
    throw Error(ExitCode::usage, fmt::format("--prototypes {}: the {} features of {} do not make whole lines of {}; "
                                             "take a divisor of {}, such as {}",
                                             width, d, name, width, d, likely_width(d)));
  const Profile profile = profile_of(model, name);
  const Picture picture = picture_of(profile);
  if (!std::ranges::all_of(picture.values.values, [](double value) { return std::isfinite(value); }))
    throw Error(ExitCode::bad_data, fmt::format("{}: its centres in the units of the data are not finite", name));
  constexpr std::size_t gap = 3, title = 12;
  const std::size_t characters = 2 * width <= size.screen ? 2 : 1, columns = std::max(title, characters * width);
  const std::size_t abreast = std::max<std::size_t>(1, (size.screen + gap) / (columns + gap));
  const NumberStyle style = style_of(std::vector{picture.low, picture.high});
  std::string text = fmt::format("{}: blank is {}, @ is {}\n\n", picture.what, number_text(picture.low, style),
                                 number_text(picture.high, style));
  for (std::size_t first = 0; first < picture.values.rows; first += abreast) {
    const std::size_t last = std::min(first + abreast, picture.values.rows);
    std::string titles;
    for (std::size_t k = first; k < last; ++k)
      titles += fmt::format("{:<{}}", fmt::format("{}: {:.1f} %", k, 100 * profile.sizes[k] / model.total_weight),
                            columns + gap);
    text += without_blanks_behind(titles);
    for (std::size_t line = 0; line < d / width; ++line) {
      std::string pixels;
      for (std::size_t k = first; k < last; ++k)
        pixels +=
            fmt::format("{:<{}}{}", line_of(picture.values.row(k).subspan(line * width, width), picture, characters),
                        columns, k + 1 < last ? " | " : "");
      text += without_blanks_behind(pixels);
    }
    text += '\n';
  }
  return text;
}

}  // namespace shoal::app
