// What each command takes, and what its help says.
#include "app/command_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/commands.hpp"
#include "app/option_values.hpp"
#include "app/scan_arguments.hpp"
#include "app/threads.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {

void add_quiet(CLI::App* app, Arguments& a) {
  app->add_flag("-q,--quiet", a.quiet, "Say nothing but results and errors");
}

namespace {

/// The models, as choices.
std::string family_words() {
  std::string words;
  for (const Family* family : families()) words.append(words.empty() ? "" : "|").append(family->name);
  return words;
}

const std::string data_help =
    "HDF5 data: file.h5, file.h5:/path (a dataset, a table, a group of columns), file.h5:/a,/b (side by side), or "
    "@list.txt with one of these per line; several are read as one, in order";

void add_compute_options(CLI::App* app, Arguments& a) {
  add_number<int>(app, "--threads", 1, most_threads, a.threads,
                  "Threads per rank [OMP_NUM_THREADS, else the cores that SLURM gave the task, else 1]", "T");
  app->add_option("--target", a.target,
                  "Instruction set on all ranks [the best that every rank has; see --version]; results are the "
                  "same bits for one instruction set")
      ->type_name("T");
}

/// Of the rows, for a model that is there.
void add_row_options(CLI::App* app, Arguments& a, bool weights) {
  for (const Option<RowOptions>& option : row_options())
    if (weights || option.name != "row-weights") add_option(app, "--" + option.name, option, a.rows);
}

void add_output(CLI::App* app, Arguments& a, const std::string& what, bool required) {
  app->add_option("-o,--output", a.output, what)->required(required)->type_name("FILE");
  app->add_flag("--overwrite", a.overwrite, "Allow output files to be replaced [refuse, exit 73]");
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
        name, [note](std::int64_t count) { note({count > 0 ? "true" : "false"}); }, option.help);
    return;
  }
  const OptionValue standard = required ? OptionValue() : option.get(RunOptions(ModelOptions(family)));
  CLI::Option* const one = app->add_option_function<std::vector<std::string>>(
      (required ? "-k,--" : "--") + option.name, note, help_with_default(option.help, standard));
  if (!option.several) one->expected(1);
  one->allow_extra_args(false)->required(required)->type_name(option.values);
}

void add_checkpoint_options(CLI::App* app, Arguments& a) {
  app->add_option("--checkpoint", a.checkpoint,
                  "Written while fitting; the same command continues from it, on any number of ranks [off]")
      ->type_name("FILE");
  app->add_option("--checkpoint-every", a.checkpoint_every,
                  "How often: a time (90s, 5min, 1h) or a number of iterations [" + a.checkpoint_every + "]")
      ->type_name("TIME|N");
  add_choice(app, "--restart", a.restart,
             "auto: continue from the checkpoint where there is one; never: start from the beginning; require: fail "
             "where there is none");
  app->add_option("--max-time", a.max_time,
                  "Stop with exit 75, checkpoint written, before this much time has passed; auto: "
                  "before the SLURM job ends; needs --checkpoint [off]")
      ->type_name("HH:MM:SS|auto");
}

/// Every option that some model has, once, to be read when the model is known: first those of some models alone.
/// `note` adds one.
template <class Note>
void add_run_options(const Note& note) {
  std::set<std::string> added;
  for (const bool own : {true, false})
    for (const Family* family : families())
      for (const Option<RunOptions>& option : run_options(*family))
        if ((has_own(*family, option.name) || option.name == "clusters") == own && added.insert(option.name).second)
          note(*family, option);
}

/// What fit and select have in common, but for options of the run.
void add_running(CLI::App* app, Arguments& a) {
  add_checkpoint_options(app, a);
  app->add_flag("--dry-run", a.dry_run,
                "Read headers only: validate, print memory per rank, bytes per reduction, suggested ranks");
  app->add_flag("--json", a.json, "Print one JSON object of the result on standard output");
  app->add_option("--log", a.log, "One JSON object per iteration and one for the run")->type_name("FILE");
  add_choice(app, "--progress", a.progress, "auto: a bar where standard error is a terminal, else lines");
  add_compute_options(app, a);
  add_quiet(app, a);
  app->add_flag("-v,--verbose", a.verbose, "Show every iteration and every cluster");
}

/// Model, data and outputs.
void add_what_is_fitted(CLI::App* app, Arguments& a, GivenOptions& given, const std::string& output) {
  app->add_option("model", given.model, "What to fit")->required()->type_name(family_words());
  app->add_option("data", a.data, data_help)->required()->type_name("DATA");
  a.output = output;
  add_output(app, a, fmt::format("The model [{}]", a.output), false);
  app->add_option("--labels", a.labels,
                  "Also write the final labels; .csv, .tsv: a table of text, with /ids of the data")
      ->type_name("FILE");
}

}  // namespace

RunOptions run_options_of(const GivenOptions& given) {
  const Family* family = find_family(given.model);
  if (family == nullptr) refuse_value("model", given.model, family_words());
  RunOptions result{ModelOptions(*family)};
  const std::vector<Option<RunOptions>> known = run_options(*family);
  std::vector<std::pair<std::string, std::string>> values = given.values;
  values.insert(values.end(), given.scanned.begin(), given.scanned.end());
  for (const auto& [name, text] : values) {
    const auto option = std::ranges::find(known, name, &Option<RunOptions>::name);
    if (option == known.end())
      throw Error(ExitCode::usage,
                  fmt::format("--{}: does not apply to {}; it belongs to {}", name, family->name,
                              family_names([&](const Family& other) { return has_option(other, name); })));
    if (!option->set(result, text)) refuse_value("--" + name, text, option->wanted);
  }
  return result;
}

void add_fit(CLI::App& root, Arguments& a, GivenOptions& given) {
  CLI::App* app = root.add_subcommand("fit", "Fit a model");
  add_what_is_fitted(app, a, given, "model.h5");
  add_run_options([&](const Family& family, const auto& option) { note_option(app, family, option, given); });
  add_running(app, a);
  app->footer("Example:\n  mpirun -n 4 shoal fit gaussian data.h5 -k 8 -o model.h5 --labels labels.h5\n");
}

void add_select(CLI::App& root, Arguments& a, GivenOptions& given) {
  CLI::App* app = root.add_subcommand("select", "Fit models of several sizes and choose one");
  add_what_is_fitted(app, a, given, "best.h5");
  add_scanned(app, given);
  add_run_options([&](const Family& family, const auto& option) {
    if (!is_scanned(option.name)) note_option(app, family, option, given);
  });
  add_running(app, a);
  app->footer("Example:\n  mpirun -n 4 shoal select gaussian data.h5 -k 2:20 --covariance full,diag\n");
}

void add_predict(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("predict", "Assign rows to clusters");
  app->add_option("model", a.model_file, "A model file")->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, data_help)->required()->type_name("DATA");
  add_output(app, a, "The labels; .csv, .tsv: a table of text, with /ids of the data", true);
  app->add_flag("--responsibilities", a.responsibilities, "mixtures: also write /responsibilities (N x K)");
  app->add_flag("--log-density", a.log_density, "mixtures: also write /log_density (N)");
  app->add_flag("--distances", a.distances, "kmeans, kmedians: also write /distances (N x K) to the centres");
  app->add_option("--impute", a.impute,
                  "gaussian: write the rows as /X, missing entries by their conditional means; --missing is then "
                  "marginalize unless it is skip")
      ->type_name("FILE");
  app->add_option(
         "--denoise", a.denoise,
         "gaussian, with --noise: write what the true values of the rows are expected to be as /X, and how far "
         "off that may be as /standard_deviations")
      ->type_name("FILE");
  app->add_flag("--deviations", a.deviations,
                "With --impute: also write /standard_deviations (N x D), 0 for what was observed");
  add_row_options(app, a, false);
  add_compute_options(app, a);
  add_quiet(app, a);
}

void add_score(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("score", "Log-likelihood or objective of data under a model, as JSON");
  app->add_option("model", a.model_file, "A model file")->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, data_help)->required()->type_name("DATA");
  add_row_options(app, a, true);
  add_compute_options(app, a);
}

void add_sample(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("sample", "Draw rows from a model (/X and /labels)");
  app->add_option("model", a.model_file, "A model file of a mixture")->required()->type_name("MODEL.h5");
  add_number<std::int64_t>(app, "-n,--rows", 1, std::int64_t{1} << 50U, a.sample_rows, "Rows to draw", "N")->required();
  add_output(app, a, "The data", true);
  add_number<std::uint64_t>(app, "--seed", 0, std::numeric_limits<std::uint64_t>::max(), a.seed,
                            fmt::format("Every draw is a function of the seed and the row [{}]", a.seed), "S");
  add_quiet(app, a);
}

void add_compare(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("compare", "Adjusted Rand index and NMI (arithmetic) of two labellings");
  app->add_option("labels", a.data, "Two label files: file.h5 (/labels) or file.h5:/path")
      ->required()
      ->expected(2)
      ->type_name("A.h5 B.h5");
  app->add_flag("--json", a.json, "Print one JSON object [words on a terminal, JSON in a pipe]");
  add_quiet(app, a);
}

void add_info(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("info", "What a data, model or label file holds; several models: compared");
  app->add_option("file", a.data, "HDF5 files or checkpoints; several models are compared")
      ->required()
      ->type_name("FILE.h5");
  app->add_flag("--all", a.all, "Show every cluster, feature, option, attribute and data set of a model");
  app->add_flag("--json", a.json, "Print one JSON object; of several files an array of them");
  add_number<std::int64_t>(app, "--prototypes", 1, std::int64_t{1} << 20U, a.prototypes,
                           "Show a model's centres as pictures this many features wide, the darker the larger",
                           "WIDTH");
}

}  // namespace shoal::app
