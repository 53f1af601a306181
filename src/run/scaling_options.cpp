#include "shoal/run/scaling_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <optional>
#include <sstream>

namespace shoal {
namespace {

bool has_numbers(const Family& family) { return family.rows.values == Values::numbers; }
bool is_weighted(const Family& family) { return has_numbers(family) && !family.mixture; }

/// Numbers by commas, infinite ones too, which are told later; nothing where the text is no such list.
std::optional<std::vector<double>> parse_list(const std::string& text) {
  constexpr double most = std::numeric_limits<double>::infinity();
  std::vector<double> numbers;
  std::istringstream entries(text + ",");
  for (std::string entry; std::getline(entries, entry, ',');) {
    const std::size_t first = std::min(entry.find_first_not_of(' '), entry.size());
    const auto number = parse_number<double>(entry.substr(first, entry.find_last_not_of(' ') + 1 - first), -most, most);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

Option<ScalingOptions> feature_weights_option() {
  const auto set = [](ScalingOptions& options, const std::string& text) {
    const auto list = parse_list(text);
    if (!list && !text.starts_with('/') && text.find(":/") == std::string::npos) return false;
    options.feature_weights = list.value_or(std::vector<double>());
    options.weights_file = {list ? "" : text, ""};
    return true;
  };
  const auto get = [](const ScalingOptions& options) -> OptionValue {
    if (!options.weights_file.digest.empty()) return options.weights_file.digest;  // the content decides, not the name
    if (!options.weights_file.name.empty() || options.feature_weights.empty()) return {};
    return fmt::format("{}", fmt::join(options.feature_weights, ","));
  };
  return {"feature-weights",
          "LIST|PATH",
          family_names(is_weighted) +
              ": positive factors of the features, applied after standardising: numbers separated by commas, or a "
              "dataset of one number per feature, as /path in the first data file or as file.h5:/path [all 1]",
          "positive numbers separated by commas, one per feature, or a dataset as /path or file.h5:/path",
          set,
          get};
}

}  // namespace

std::vector<Option<ScalingOptions>> scaling_options(const Family& family) {
  std::vector<Option<ScalingOptions>> options;
  if (has_numbers(family))
    options.push_back(choice_option<ScalingOptions, Standardize>(
        "standardize",
        family_names(has_numbers) + ": bring the features to one scale, over the rows used and by their weights: mean "
                                    "and standard deviation, minimum and range, or median and 1.4826 times the median "
                                    "absolute deviation; kept in the model and applied by predict, score and sample",
        [](auto& all) -> auto& { return all.standardize; }));
  if (is_weighted(family)) options.push_back(feature_weights_option());
  return options;
}

}  // namespace shoal
