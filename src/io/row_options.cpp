#include "shoal/io/row_options.hpp"

#include <fmt/format.h>

#include <limits>

#include "shoal/core/error.hpp"
#include "shoal/model/family.hpp"

namespace shoal {
namespace {

/// Numbers of the rows, in a data set.
Option<RowOptions> content_option(const std::string& name, const std::string& help, ContentName RowOptions::*member) {
  const auto set = [member](RowOptions& options, const std::string& text) {
    options.*member = {text, ""};
    return true;
  };
  const auto get = [member](const RowOptions& options) -> OptionValue {
    const std::string& digest = (options.*member).digest;  // the content decides, not the name
    return digest.empty() ? OptionValue() : OptionValue(digest);
  };
  return {name, "PATH", help, "", set, get};
}

/// Which rows and features there are.
std::vector<Option<RowOptions>> shape_options() {
  return {text_option<RowOptions>(
              "columns", "LIST",
              "Features to use, in this order, separated by commas: names, numbers from 0, ranges 3:9 (9 excluded), "
              "^NAME for all but NAME [all]",
              [](auto& options) -> auto& { return options.shape.columns; }),
          text_option<RowOptions>(
              "rows", "FIRST:LAST:STEP", "Rows to use, numbered from 0, LAST excluded; each part may be left out [all]",
              [](auto& options) -> auto& { return options.shape.rows; }),
          content_option("mask",
                         "Dataset of one number per row, in each data file or as file.h5:/path: rows with 0 are left "
                         "out (label -1) [off]",
                         &RowOptions::mask),
          text_option<RowOptions>(
              "row-axes", "AXES",
              "For arrays: these axes (0 or 0,2,3) make the rows, in this order; the others make the features [0 where "
              "there are two]",
              [](auto& options) -> auto& { return options.shape.row_axes; }),
          flag_option<RowOptions>(
              "transpose", "The data hold features as rows; done by itself for MATLAB files",
              [](auto& options) -> auto& { return options.shape.transpose; }),
          flag_option<RowOptions>(
              "no-attributes",
              "Read raw numbers: do not apply scale_factor, add_offset, _FillValue, missing_value, "
              "valid_min, valid_max, valid_range",
              [](auto& options) -> auto& { return options.shape.no_attributes; })};
}

/// Adds a value each time it is set.
Option<RowOptions> missing_value_option() {
  constexpr long double most = std::numeric_limits<double>::max();
  const auto set = [=](RowOptions& options, const std::string& text) {
    const std::optional<long double> value = parse_number<long double>(text, -most, most);
    if (value) options.shape.missing_values.push_back(*value);
    return value.has_value();
  };
  const auto get = [](const RowOptions& options) -> OptionValue {
    if (options.shape.missing_values.empty()) return {};
    return options.shape.missing_values;
  };
  return {"missing-value",
          "V",
          "Take this value (rounded to the type of the dataset) as missing, as NaN is; may be given several times",
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
          "How rows are held and multiplied; parameters, and sums over more than 256 rows, are float64 [float32 for "
          "float32 data, else float64]",
          all_names<Precision>(),
          set,
          get};
}

/// Says nothing where there is no noise: so files of other fits stay as they are.
Option<RowOptions> noise_kind_option() {
  Option<RowOptions> option = choice_option<RowOptions, NoiseKind>(
      "noise-kind",
      "What --noise holds: standard deviations or variances (N x D, or D for all), covariances (N x D x D or D x D), "
      "or "
      "their packed lower triangles [sd]",
      [](auto& options) -> auto& { return options.noise_kind; });
  option.get = [](const RowOptions& options) -> OptionValue {
    return options.noise.name.empty() ? OptionValue() : OptionValue(std::string(to_string(options.noise_kind)));
  };
  return option;
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

void require_noise(const ModelOptions& model, const RowOptions& options) {
  if (options.noise.name.empty() && options.noise_kind != NoiseKind::sd)
    throw Error(ExitCode::usage, "--noise-kind: of what? It goes with --noise PATH");
  if (options.noise.name.empty()) return;
  const bool variances = options.noise_kind == NoiseKind::sd || options.noise_kind == NoiseKind::variance;
  const Family& family = model.family();
  if (family.takes_noise(model, variances ? NoiseLayout::Form::variances : NoiseLayout::Form::covariances)) return;
  std::string kind;
  for (const Option<ModelOptions>& option : family.options)
    if (option.attribute) kind = fmt::format(" with --{} {}", option.name, std::get<std::string>(option.get(model)));
  throw Error(ExitCode::usage,
              fmt::format("--noise: {}{} takes no noise of --noise-kind {}; gaussian takes any with --covariance full, "
                          "and sd or variance with diag",
                          family.name, kind, to_string(options.noise_kind)));
}

std::vector<Option<RowOptions>> row_options() {
  std::vector<Option<RowOptions>> all = shape_options();
  const std::vector<Option<RowOptions>> others = {
      content_option("row-weights",
                     "Dataset of one non-negative weight per row, in each data file or as file.h5:/path [all 1]",
                     &RowOptions::row_weights),
      content_option("noise",
                     "gaussian full, diag: dataset of the known measurement noise, of each row or one for all, in each "
                     "data file or as file.h5:/path [off]",
                     &RowOptions::noise),
      noise_kind_option(),
      choice_option<RowOptions, Missing>(
          "missing",
          "What a NaN means: stop, leave the row out (label -1), or integrate it out (missing at random; " +
              who_marginalizes() + ")",
          [](auto& options) -> auto& { return options.missing; }),
      missing_value_option(),
      precision_option()};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

}  // namespace shoal
