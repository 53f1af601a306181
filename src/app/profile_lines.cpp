#include "app/profile_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "app/screen.hpp"
#include "app/short_numbers.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t most_clusters = 12, most_features = 12, most_levels = 8;
constexpr std::size_t name_width = 24;

std::vector<std::size_t> first_numbers(std::size_t n) {
  std::vector<std::size_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

/// The `most` for which `value` is largest, in order.
template <class Value>
std::vector<std::size_t> largest(std::vector<std::size_t> numbers, std::size_t most, const Value& value) {
  if (numbers.size() <= most) return numbers;
  std::ranges::stable_sort(numbers, std::ranges::greater(), value);
  numbers.resize(most);
  std::ranges::sort(numbers);
  return numbers;
}

/// Makes the lines of one profile.
class LineMaker {
 public:
  LineMaker(const Profile& profile, const FeatureNames& names, const Shown& shown)
      : profile_(profile), names_(names), shown_(shown) {}

  void add(std::size_t feature, std::vector<ProfileLine>& lines) const {
    const bool levels = profile_.has_levels;
    ProfileLine line{feature_name(feature), probability_text(profile_.apart[feature]), {}, {}};
    if (!levels) add_numbers(profile_.offsets[feature], line);
    lines.push_back(std::move(line));
    if (levels) add_levels(feature, lines);
  }

 private:
  [[nodiscard]] std::string feature_name(std::size_t feature) const {
    return fitted(names_.features.empty() ? fmt::format("feature {}", feature) : names_.of(feature), name_width);
  }

  void add_numbers(std::size_t column, ProfileLine& line) const {
    std::vector<double> values, deviations;
    for (const std::size_t k : shown_.clusters) {
      values.push_back(profile_.centres(k, column));
      if (profile_.deviations.rows > 0) deviations.push_back(profile_.deviations(k, column));
    }
    const NumberStyle style = style_of(values, deviations);
    for (const double value : values)
      line.values.push_back(profile_.holds_probabilities ? probability_text(value) : number_text(value, style));
    for (const double deviation : deviations) line.deviations.push_back(deviation_text(deviation, style));
  }

  void add_levels(std::size_t feature, std::vector<ProfileLine>& lines) const {
    const std::size_t first = profile_.offsets[feature], n = profile_.offsets[feature + 1] - first;
    const auto overall = [&](std::size_t code) {
      double sum = 0;
      for (std::size_t k = 0; k < profile_.shares.size(); ++k)
        sum += profile_.shares[k] * profile_.centres(k, first + code);
      return sum;
    };
    const std::vector<std::size_t> codes = largest(first_numbers(n), shown_.levels_each, overall);
    std::vector<double> rest(shown_.clusters.size(), 1.0);
    for (const std::size_t code : codes) {
      const std::string* name = names_.of_level(feature, code);
      ProfileLine line{fitted(fmt::format("  {}{}", code, name == nullptr ? "" : " " + *name), name_width), "", {}, {}};
      add_numbers(first + code, line);
      for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= profile_.centres(shown_.clusters[i], first + code);
      lines.push_back(std::move(line));
    }
    if (codes.size() == n) return;
    ProfileLine others{fmt::format("  {} more", n - codes.size()), "", {}, {}};
    for (const double left : rest) others.values.push_back(probability_text(std::clamp(left, 0.0, 1.0)));
    lines.push_back(std::move(others));
  }

  const Profile& profile_;
  const FeatureNames& names_;
  const Shown& shown_;
};

}  // namespace

Shown Shown::of(const Profile& profile, bool all) {
  Shown shown{first_numbers(profile.sizes.size()), first_numbers(profile.n_features()), profile.centres.columns};
  if (all) return shown;
  shown.clusters = largest(shown.clusters, most_clusters, [&](std::size_t k) { return profile.sizes[k]; });
  shown.levels_each = most_levels;
  if (profile.n_features() <= most_features) return shown;
  shown.features = most_apart_first(profile.apart);
  shown.features.resize(most_features);
  return shown;
}

std::vector<ProfileLine> profile_lines(const Profile& profile, const FeatureNames& names, const Shown& shown) {
  std::vector<ProfileLine> lines;
  const LineMaker maker(profile, names, shown);
  for (const std::size_t feature : shown.features) maker.add(feature, lines);
  return lines;
}

}  // namespace shoal::app
