// What convert takes, and what its help says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "app/command_options.hpp"
#include "app/option_values.hpp"

namespace shoal::app {
namespace {

/// An option whose values are words that are kept as they are.
void add_words(CLI::App* app, const std::string& name, std::string& value, const std::vector<std::string>& words,
               const std::string& help) {
  const std::string all = fmt::format("{}", fmt::join(words, "|"));
  const auto set = [words](std::string& place, const std::string& text) {
    if (std::ranges::find(words, text) == words.end()) return false;
    place = text;
    return true;
  };
  add_option<std::string>(
      app, name, {"", all, help, all, set, [](const std::string& place) { return OptionValue(place); }}, value);
}

/// A number that there may be none of.
Option<std::optional<double>> threshold_option() {
  constexpr double most = std::numeric_limits<double>::max();
  const auto set = [=](std::optional<double>& place, const std::string& text) {
    place = parse_number<double>(text, -most, most);
    return place.has_value();
  };
  return {"",
          "T",
          "Store 1 where a value is greater than this, else 0",
          range_text(-most, most),
          set,
          [](const std::optional<double>&) { return OptionValue(); }};
}

}  // namespace

void add_convert(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("convert", "Make an HDF5 data file from CSV or NPY");
  app->add_option("files", a.data, "Input (text such as .csv and .tsv, or .npy; a pipe, too) and output (.h5)")
      ->required()
      ->expected(2)
      ->type_name("IN OUT.h5");
  app->add_flag("--overwrite", a.overwrite, "Allow the output file to be replaced [refuse, exit 73]");
  const auto add_column = [&](const char* name, const char* type, std::string& value, const char* help) {
    app->add_option(name, value, help)->type_name(type)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  };
  add_column("--columns", "LIST", a.table.columns,
             "Columns that become features, in this order: names, numbers from 0, ranges 3:9 (9 excluded), ^NAME for "
             "all but NAME; separated by commas [all but ids and labels]");
  add_column("--id-column", "COLUMN", a.table.id_column,
             "Text: this column goes to /ids, integers as such, else as text");
  add_column("--label-column", "COLUMN", a.table.label_column,
             "Text: this column (name, or number from 0) goes to /labels, its texts numbered in sorted order");
  add_column("--categorical", "NAMES|all", a.table.categorical,
             "Text: these features are texts and become codes in sorted order; their names go to /levels");
  add_words(app, "--type", a.type, {"auto", "float64", "float32", "uint8", "int32", "int64"},
            "Stored type; auto: float32 for .npy of float32, else the smallest integer type where all values are "
            "integers, else float64");
  add_option(app, "--threshold", threshold_option(), a.threshold);
  add_words(app, "--header", a.table.header, {"auto", "yes", "no"},
            "Text: whether the first line holds names; auto: where it is not all numbers, or options give names");
  app->add_option("--delimiter", a.table.delimiter,
                  "Text: one character, tab, space or auto: found from the first lines [auto; tab for .tsv]")
      ->type_name("C");
  add_quiet(app, a);
}

}  // namespace shoal::app
