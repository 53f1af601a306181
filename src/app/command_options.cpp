// What each command takes, and what its help says.
#include "app/command_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/commands.hpp"
#include "app/option_values.hpp"
#include "app/threads.hpp"
#include "shoal/core/error.hpp"

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

/// The models, as choices.
std::string family_words() {
  std::string words;
  for (const Family* family : families()) words.append(words.empty() ? "" : "|").append(family->name);
  return words;
}

const std::string data_help =
    "HDF5 data: file.h5, file.h5:/path (a dataset, a table, a group of columns), file.h5:/a,/b (side by side), or "
    "@list.txt with one of these a line; several are read as one, in order";

void add_quiet(CLI::App* app, Arguments& a) {
  app->add_flag("-q,--quiet", a.quiet, wrapped("Say nothing but results and errors"));
}

void add_compute_options(CLI::App* app, Arguments& a) {
  add_number<int>(app, "--threads", 1, most_threads, a.threads,
                  "Threads a rank [OMP_NUM_THREADS, else the cores that SLURM gave the task, else 1]", "T");
  app->add_option("--target", a.target,
                  wrapped("Instruction set on all ranks [the best that every rank has; see --version]; results are the "
                          "same bits for one instruction set"))
      ->type_name("T");
}

/// Of the rows, for a model that is there.
void add_row_options(CLI::App* app, Arguments& a, bool weights) {
  for (const Option<RowOptions>& option : row_options())
    if (weights || option.name != "row-weights") add_option(app, "--" + option.name, option, a.rows);
}

void add_output(CLI::App* app, Arguments& a, const std::string& what, bool required) {
  app->add_option("-o,--output", a.output, what)->required(required)->type_name("FILE");
  app->add_flag("--overwrite", a.overwrite, wrapped("Allow output files to be replaced [refuse, exit 73]"));
}

/// Families that have an option as their own.
bool has_own(const Family& family, const std::string& name) {
  return std::ranges::find(family.options, name, &Option<ModelOptions>::name) != family.options.end();
}

/// Families for which it means something at all.
bool has_option(const Family& family, const std::string& name) {
  const std::vector<Option<RunOptions>> all = run_options(family);
  return std::ranges::find(all, name, &Option<RunOptions>::name) != all.end();
}

/// What an option of some families means to each: "gaussian: ...".
std::string help_of(const std::string& name) {
  std::vector<std::pair<std::string, std::string>> meanings;  // help, families
  for (const Family* family : families())
    for (const Option<ModelOptions>& option : family->options) {
      if (option.name != name) continue;
      const auto known = std::ranges::find(meanings, option.help, &std::pair<std::string, std::string>::first);
      if (known == meanings.end())
        meanings.emplace_back(option.help, family->name);
      else
        known->second.append(", ").append(family->name);
    }
  std::string text;
  for (const auto& [help, who] : meanings) text.append(text.empty() ? "" : "; ").append(who + ": " + help);
  return text;
}

/// Notes what is given of an option, whose limits and default are those of `family`.
void note_option(CLI::App* app, const Family& family, Option<RunOptions> option, GivenOptions& given) {
  const bool required = option.name == "clusters";
  if (has_own(family, option.name)) option.help = help_of(option.name);
  const std::string name = "--" + option.name;
  const auto note = [=, &family, &given](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      RunOptions tried{ModelOptions(family)};
      if (!option.set(tried, text)) refuse_value(name, text, option.wanted);
      given.values.emplace_back(option.name, text);
    }
  };
  if (option.flag) {
    app->add_flag_function(
        name, [note](std::int64_t count) { note({count > 0 ? "true" : "false"}); }, wrapped(option.help));
    return;
  }
  const OptionValue standard = required ? OptionValue() : option.get(RunOptions(ModelOptions(family)));
  CLI::Option* const one = app->add_option_function<std::vector<std::string>>(
      (required ? "-k,--" : "--") + option.name, note, wrapped(help_with_default(option.help, standard)));
  if (!option.several) one->expected(1);
  one->allow_extra_args(false)->required(required)->type_name(option.values);
}

/// Every option that some model has, once, to be read when the model is known: first those of some models alone.
void add_run_options(CLI::App* app, GivenOptions& given) {
  std::set<std::string> added;
  for (const bool own : {true, false})
    for (const Family* family : families())
      for (const Option<RunOptions>& option : run_options(*family))
        if ((has_own(*family, option.name) || option.name == "clusters") == own && added.insert(option.name).second)
          note_option(app, *family, option, given);
}

void add_checkpoint_options(CLI::App* app, Arguments& a) {
  app->add_option("--checkpoint", a.checkpoint,
                  wrapped("Written while fitting; the same command goes on from it, on any number of ranks [off]"))
      ->type_name("FILE");
  app->add_option("--checkpoint-every", a.checkpoint_every,
                  wrapped("How often: a time (90s, 5min, 1h) or a number of iterations [" + a.checkpoint_every + "]"))
      ->type_name("TIME|N");
  add_choice(app, "--restart", a.restart,
             "auto: go on from the checkpoint where there is one; never: begin anew; require: end where there is none");
  app->add_option(
         "--max-time", a.max_time,
         wrapped("Stop with exit 75, checkpoint written, before so much time has passed since the start; auto: "
                 "before the SLURM job ends; needs --checkpoint [off]"))
      ->type_name("HH:MM:SS|auto");
}

}  // namespace

RunOptions run_options_of(const GivenOptions& given) {
  const Family* family = find_family(given.model);
  if (family == nullptr) refuse_value("model", given.model, family_words());
  RunOptions result{ModelOptions(*family)};
  const std::vector<Option<RunOptions>> known = run_options(*family);
  for (const auto& [name, text] : given.values) {
    const auto option = std::ranges::find(known, name, &Option<RunOptions>::name);
    if (option == known.end())
      throw Error(ExitCode::usage,
                  fmt::format("--{}: means nothing to {}; it belongs to {}", name, family->name,
                              family_names([&](const Family& other) { return has_option(other, name); })));
    if (!option->set(result, text)) refuse_value("--" + name, text, option->wanted);
  }
  return result;
}

void add_fit(CLI::App& root, Arguments& a, GivenOptions& given) {
  CLI::App* app = root.add_subcommand("fit", "Fit a model");
  app->add_option("model", given.model, "What to fit")->required()->type_name(family_words());
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  a.output = "model.h5";
  add_output(app, a, fmt::format("The model [{}]", a.output), false);
  app->add_option("--labels", a.labels,
                  wrapped("Also write the final labels; .csv, .tsv: a table of text, with /ids of the data"))
      ->type_name("FILE");
  add_run_options(app, given);
  add_checkpoint_options(app, a);
  app->add_flag("--dry-run", a.dry_run,
                wrapped("Read headers only: validate, print memory a rank, bytes a reduction, ranks"));
  app->add_flag("--json", a.json, wrapped("Print one JSON object of the result on standard output"));
  app->add_option("--log", a.log, wrapped("One JSON object an iteration and one for the run"))->type_name("FILE");
  add_choice(app, "--progress", a.progress, "auto: a bar where standard error is a terminal, else lines");
  add_compute_options(app, a);
  add_quiet(app, a);
  app->add_flag("-v,--verbose", a.verbose, wrapped("Show every iteration and every cluster"));
  app->footer("Example:\n  mpirun -n 4 shoal fit gaussian data.h5 -k 8 -o model.h5 --labels labels.h5\n");
}

void add_predict(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("predict", "Assign rows to clusters");
  app->add_option("model", a.model_file, wrapped("A model file"))->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  add_output(app, a, "The labels; .csv, .tsv: a table of text, with /ids of the data", true);
  app->add_flag("--responsibilities", a.responsibilities, wrapped("mixtures: also write /responsibilities (N x K)"));
  app->add_flag("--log-density", a.log_density, wrapped("mixtures: also write /log_density (N)"));
  app->add_flag("--distances", a.distances, wrapped("kmeans, kmedians: also write /distances (N x K) to the centres"));
  add_row_options(app, a, false);
  add_compute_options(app, a);
  add_quiet(app, a);
}

void add_score(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("score", "Log-likelihood or objective of data under a model, as JSON");
  app->add_option("model", a.model_file, wrapped("A model file"))->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  add_row_options(app, a, true);
  add_compute_options(app, a);
}

void add_sample(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("sample", "Draw rows from a model (/X and /labels)");
  app->add_option("model", a.model_file, wrapped("A model file of a mixture"))->required()->type_name("MODEL.h5");
  add_number<std::int64_t>(app, "-n,--rows", 1, std::int64_t{1} << 50U, a.sample_rows, "Rows to draw", "N")->required();
  add_output(app, a, "The data", true);
  add_number<std::uint64_t>(app, "--seed", 0, std::numeric_limits<std::uint64_t>::max(), a.seed,
                            fmt::format("Every draw is a function of the seed and the row [{}]", a.seed), "S");
  add_quiet(app, a);
}

void add_compare(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("compare", "Adjusted Rand index and NMI (arithmetic) of two labellings, as JSON");
  app->add_option("labels", a.data, wrapped("Two label files: file.h5 (/labels) or file.h5:/path"))
      ->required()
      ->expected(2)
      ->type_name("A.h5 B.h5");
  add_quiet(app, a);
}

void add_info(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("info", "What a data, model or label file holds");
  app->add_option("file", a.data, wrapped("An HDF5 file"))->required()->expected(1)->type_name("FILE.h5");
  app->add_flag("--json", a.json, wrapped("Print one JSON object"));
  add_number<std::int64_t>(app, "--prototypes", 1, std::int64_t{1} << 20U, a.prototypes,
                           "Show a model's centres as pictures this many features wide, the darker the larger",
                           "WIDTH");
}

void add_convert(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("convert", "Make an HDF5 data file from CSV or NPY");
  app->add_option("files", a.data, wrapped("Input (text such as .csv and .tsv, or .npy; a pipe, too) and output (.h5)"))
      ->required()
      ->expected(2)
      ->type_name("IN OUT.h5");
  app->add_flag("--overwrite", a.overwrite, wrapped("Allow the output file to be replaced [refuse, exit 73]"));
  const auto add_column = [&](const char* name, const char* type, std::string& value, const char* help) {
    app->add_option(name, value, wrapped(help))->type_name(type)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  };
  add_column(
      "--columns", "LIST", a.table.columns,
      "Columns that become features, in this order: names, numbers from 0, ranges 3:9 (without 9), ^NAME for all "
      "but; by commas [all but ids and labels]");
  add_column("--id-column", "COLUMN", a.table.id_column,
             "Text: this column goes to /ids, integers as such, else as text");
  add_column("--label-column", "COLUMN", a.table.label_column,
             "Text: this column (name, or number from 0) goes to /labels, its texts numbered in sorted order");
  add_column("--categorical", "NAMES|all", a.table.categorical,
             "Text: these features are texts and become codes in sorted order; their names go to /levels");
  add_words(app, "--type", a.type, {"auto", "float64", "float32", "uint8", "int32", "int64"},
            "Stored type; auto: that of .npy in float32, else the smallest integer type where all values are integers, "
            "else float64");
  add_option(app, "--threshold", threshold_option(), a.threshold);
  add_words(app, "--header", a.table.header, {"auto", "yes", "no"},
            "Text: whether the first line holds names; auto: where it is not all numbers, or options give names");
  app->add_option("--delimiter", a.table.delimiter,
                  wrapped("Text: one character, tab, space or auto: found from the first lines [auto; tab for .tsv]"))
      ->type_name("C");
  add_quiet(app, a);
}

}  // namespace shoal::app
