#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "app/commands.hpp"
#include "app/model_comparison.hpp"
#include "app/model_text.hpp"
#include "app/prototypes.hpp"
#include "app/scan_report.hpp"
#include "app/screen.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/envelope.hpp"
#include "shoal/model/family.hpp"
#include "shoal/run/health.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* in_data_units = "_in_data_units";

/// K arrays of D numbers.
Json rows_of(const NamedArray& centres) {
  Json rows = Json::array();
  const auto d = static_cast<std::ptrdiff_t>(centres.shape.back());
  for (auto row = centres.values.begin(); row != centres.values.end(); row += d)
    rows.push_back(std::vector<double>(row, row + d));
  return rows;
}

/// `file`: its name.
Json describe_model(const ModelFile& model, const std::string& file) {
  Json json = {{"kind", "model"}};
  ModelFile::visit_attributes(model, [&]<class Value>(const char* name, const Value& value) {
    if constexpr (std::is_same_v<Value, std::vector<std::string>>)
      if (value.empty()) return;
    if constexpr (std::is_same_v<Value, OptionalNumber>) {
      if (value.known()) json[name] = value.value;
    } else {
      json[name] = value;
    }
  });
  if (!model.scan.lines.empty()) {
    json["criterion"] = model.scan.criterion;
    json["selection"] = json_of_scan(model.scan, model.is_mixture);
  }
  if (const std::vector<std::string> health = health_sentences(model); !health.empty()) json["health"] = health;
  const FeatureNames names{model.feature_names, model.level_names};
  for (const auto& [feature, levels] : model.level_names) json["levels"][names.of(feature)] = levels;
  if (model.scaling.empty()) return json;
  json["preprocessing"] = {{"center", model.scaling.center}, {"scale", model.scaling.scale}};
  const NamedArray centres = centres_in_data_units(model, file);
  json[centres.name + in_data_units] = rows_of(centres);
  return json;
}

/// Nothing where the file is no checkpoint.
std::optional<Checkpoint> read_checkpoint(const Communicator& comm, const std::string& file) {
  std::optional<Checkpoint> checkpoint;
  std::string bytes;
  on_root(comm, [&] {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored) || !looks_sealed(read_bytes(file, 8))) return;
    bytes = read_bytes(file);
    checkpoint_from(bytes, file);  // the message from one rank
  });
  comm.broadcast(bytes);
  if (!bytes.empty()) checkpoint = checkpoint_from(bytes, file);
  return checkpoint;
}

Json describe_checkpoint(const Checkpoint& checkpoint) {
  Json json = {
      {"kind", "checkpoint"}, {"n_iterations", checkpoint.state.n_iterations}, {"finished", checkpoint.finished}};
  json["n_searches"] = checkpoint.starts.found.size();  // that have ended
  json["n_starts"] = checkpoint.starts.n_fits();
  if (!checkpoint.scan.lines.empty()) json["n_fits"] = checkpoint.scan.lines.size();
  if (checkpoint.finished) json["stop_reason"] = checkpoint.stop_reason;
  if (!checkpoint.state.history.empty()) json["objective"] = checkpoint.state.history.back();
  for (const auto& [name, value] : checkpoint.identity) json["fit"][name] = value;
  json["datasets"] = Json::array();
  for (const NamedArray& array : checkpoint.parameters)
    json["datasets"].push_back({{"path", "/parameters/" + array.name},
                                {"shape", fmt::format("{}", fmt::join(array.shape, " x "))},
                                {"type", "float64"},
                                {"layout", "in the checkpoint"}});
  return json;
}

std::string kind_of(const FileSummary& summary) {
  if (summary.format == "shoal-labels") return "labels";
  return "data";
}

/// Each line of a text that may come from anybody.
std::string lines_of(const std::string& text) {
  std::istringstream lines(text);
  std::string line, result;
  while (std::getline(lines, line)) result += printable(line) + "\n";
  return result;
}

/// As many numbers as a line has room for.
std::string some_numbers(const Json& numbers) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    text += fmt::format(" {:>11.5g}", numbers[i].get<double>());
  return text + (numbers.size() > most ? " ..." : "") + "\n";
}

/// What was done to the values of a model's rows.
std::string scales_of(const Json& scales) {
  std::string text =
      "preprocessing: (x - center) / scale; parameters, objective, log-likelihood and distances are in these units\n";
  for (const char* name : {"center", "scale"}) text += fmt::format("  {:<16}{}", name, some_numbers(scales[name]));
  return text;
}

/// A line a feature: its levels and their codes.
std::string table_of_levels(const Json& levels) {
  constexpr std::size_t most_lines = 20, most_levels = 8;
  std::string text;
  std::size_t lines = 0;
  for (const auto& [feature, names] : levels.items()) {
    if (lines++ == most_lines) break;
    std::vector<std::string> coded;
    for (const Json& name : names) coded.push_back(fmt::format("{} {}", coded.size(), name.get<std::string>()));
    text += fmt::format("levels of {:<17} {}\n", printable(feature), printable(some_of(coded, most_levels)));
  }
  if (levels.size() > most_lines)
    text += fmt::format("levels of {} more features (--json has all)\n", levels.size() - most_lines);
  return text + "\n";
}

/// The attributes and data sets of a file as they are stored there.
std::string table_of(const Json& json) {
  std::string text;
  for (const auto& [key, value] : json.items()) {
    if (key == "datasets" || key == "options" || key == "health" || key == "levels" || key == "preprocessing" ||
        key == "selection" || key.ends_with(in_data_units))
      continue;
    text += fmt::format("{:<18} {}\n", key, printable(value.is_string() ? value.get<std::string>() : one_line(value)));
  }
  if (json.contains("options")) text += "\n" + lines_of(json["options"].get<std::string>());
  if (json.contains("preprocessing")) text += "\n" + scales_of(json["preprocessing"]);
  text += "\n";
  if (json.contains("levels")) text += table_of_levels(json["levels"]);
  for (const Json& dataset : json["datasets"])
    text += fmt::format("{:<28} {:<18} {:<9} {}\n", printable(dataset["path"].get<std::string>()),
                        dataset["shape"].get<std::string>(), dataset["type"].get<std::string>(),
                        printable(dataset["layout"].get<std::string>()));
  return text;
}

/// What is known of a file.
struct Described {
  Json json;
  std::optional<ModelFile> model;
};

Described describe(const Communicator& comm, const std::string& file) {
  if (const auto checkpoint = read_checkpoint(comm, file)) return {describe_checkpoint(*checkpoint), std::nullopt};
  FileSummary summary;
  on_root(comm, [&] { summary = summarise_file(file); });
  comm.broadcast(summary.format);
  Described described{{{"kind", kind_of(summary)}}, std::nullopt};
  if (summary.format == "shoal-model") {
    described.model = read_model(comm, file, kind_attributes());
    described.json = describe_model(*described.model, file);
  }
  described.json["datasets"] = Json::array();
  for (const FoundDataset& found : summary.datasets)  // known to rank 0, which prints
    described.json["datasets"].push_back(
        {{"path", found.path}, {"shape", found.shape}, {"type", found.type}, {"layout", found.layout}});
  return described;
}

/// One file for a person.
std::string text_of(const Described& described, const std::string& file, bool all) {
  if (!described.model) return table_of(described.json);
  const std::string text = model_text(*described.model, file, screen_width(), all);
  return all ? text + "\n" + table_of(described.json) : text;
}

std::string under_name(const std::string& file, const std::string& text) {
  return fmt::format("== {}\n\n{}", printable(file), text);
}

/// Several: models are compared, and described with --all; other files are described one after another.
std::string text_of_several(const std::vector<Described>& all, const std::vector<NamedModel>& models,
                            const Arguments& arguments) {
  const bool compared = models.size() == all.size();
  std::string text = compared ? comparison_table(models, screen_width()) : "";
  if (compared && !arguments.all) return text;
  for (std::size_t i = 0; i < all.size(); ++i)
    text +=
        (text.empty() ? "" : "\n") + under_name(arguments.data[i], text_of(all[i], arguments.data[i], arguments.all));
  return text;
}

std::string pictures_of(const Communicator& comm, const Arguments& arguments) {
  std::string text;
  for (const std::string& file : arguments.data) {
    const std::string pictures =
        prototype_pictures(read_model(comm, file, kind_attributes()), file, {arguments.prototypes, screen_width()});
    text += arguments.data.size() > 1 ? under_name(file, pictures) : pictures;
  }
  return text;
}

void describe_several(const Communicator& comm, const Arguments& arguments) {
  std::vector<Described> all;
  for (const std::string& file : arguments.data) all.push_back(describe(comm, file));
  std::vector<NamedModel> models;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].model) models.push_back({arguments.data[i], *all[i].model});
  if (!arguments.json) {
    print_result(comm, text_of_several(all, models, arguments));
    if (const std::string why = models.size() == all.size() ? incomparable(models) : ""; !why.empty())
      warn(comm, arguments, why);
    return;
  }
  Json array = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    array.push_back({{"file", arguments.data[i]}});
    array.back().update(all[i].json);
  }
  print_result(comm, one_line(array) + "\n");
}

}  // namespace

void run_info(const Communicator& comm, const Arguments& arguments) {
  if (arguments.prototypes > 0 && arguments.json)
    throw Error(ExitCode::usage, "--prototypes: pictures are no JSON; leave out --prototypes or --json");
  if (arguments.prototypes > 0) return print_result(comm, pictures_of(comm, arguments));
  if (arguments.data.size() > 1) return describe_several(comm, arguments);
  const std::string& file = arguments.data.front();
  const Described described = describe(comm, file);
  print_result(comm, arguments.json ? one_line(described.json) + "\n" : text_of(described, file, arguments.all));
}

}  // namespace shoal::app
