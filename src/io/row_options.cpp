#include "shoal/io/row_options.hpp"

#include <fmt/format.h>

#include <limits>

#include "shoal/core/error.hpp"
#include "shoal/model/family.hpp"

namespace shoal {
namespace {

Option<RowOptions> row_weights_option() {
  const auto set = [](RowOptions& options, const std::string& text) {
    options.row_weights = {text, ""};
    return true;
  };
  const auto get = [](const RowOptions& options) -> OptionValue {
    if (options.row_weights.digest.empty()) return {};  // the content decides, not the name
    return options.row_weights.digest;
  };
  return {"row-weights",
          "PATH",
          "Dataset of one non-negative weight a row, in each data file or as file.h5:/path [all 1]",
          "",
          set,
          get};
}

/// Adds a value each time it is set.
Option<RowOptions> missing_value_option() {
  constexpr long double most = std::numeric_limits<double>::max();
  const auto set = [=](RowOptions& options, const std::string& text) {
    const std::optional<long double> value = parse_number<long double>(text, -most, most);
    if (value) options.missing_values.push_back(*value);
    return value.has_value();
  };
  const auto get = [](const RowOptions& options) -> OptionValue {
    if (options.missing_values.empty()) return {};
    return options.missing_values;
  };
  return {"missing-value",
          "V",
          "This value, rounded to the dataset's type, too, is missing; may be given several times",
          range_text(-most, most),
          set,
          get,
          MayBecome::the_same,
          false,
          true};
}

Option<RowOptions> precision_option() {
  const auto set = [](RowOptions& options, const std::string& text) {
    const std::optional<Precision> value = from_name<Precision>(text);
    if (value) options.precision = value;
    return value.has_value();
  };
  const auto get = [](const RowOptions& options) -> OptionValue {
    if (!options.precision) return {};
    return to_string(*options.precision);
  };
  return {"precision",
          all_names<Precision>(),
          "How rows are held and multiplied; sums beyond a tile are float64 [float32 for float32 data, else float64]",
          all_names<Precision>(),
          set,
          get};
}

/// "a, b and c".
std::string who_marginalizes() {
  std::string who;
  for (const Family* family : families())
    if (!family->marginalizes.empty()) who.append(who.empty() ? "" : ", ").append(family->marginalizes);
  return who;
}

}  // namespace

void require_marginal(const ModelOptions& options) {
  const Family& family = options.family();
  if (options.missing != Missing::marginalize || family.can_marginalize(options)) return;
  std::string kind;
  for (const Option<ModelOptions>& option : family.options)
    if (option.attribute) kind = fmt::format(" with --{} {}", option.name, std::get<std::string>(option.get(options)));
  throw Error(ExitCode::usage, fmt::format("--missing marginalize: {}{} cannot integrate missing values out ({} can); "
                                           "use --missing skip",
                                           family.name, family.marginalizes.empty() ? "" : kind, who_marginalizes()));
}

std::vector<Option<RowOptions>> row_options() {
  return {row_weights_option(),
          choice_option<RowOptions, Missing>(
              "missing",
              "What a NaN means: stop, leave the row out (label -1), or integrate it out (missing at random; " +
                  who_marginalizes() + ")",
              [](auto& options) -> auto& { return options.missing; }),
          missing_value_option(), precision_option()};
}

}  // namespace shoal
