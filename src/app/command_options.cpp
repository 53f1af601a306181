// What each command takes, and what its help says.
#include "app/command_options.hpp"

#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "app/commands.hpp"
#include "app/option_values.hpp"

namespace shoal::app {

std::string wrapped(const std::string& text) {
  constexpr std::size_t width = 76;
  std::string result;
  std::size_t column = 0;
  std::istringstream words(text);
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column > 0 && column + word.size() > width) result += '\n', column = 0;
    result += (column > 0 ? " " : "") + word;
  }
  return result;
}

void refuse_value(const std::string& option, const std::string& value, const std::string& wanted) {
  const std::string name = option.substr(option.rfind(',') + 1);  // the long one
  throw Error(ExitCode::usage, fmt::format("{} {}: must be {}", name, printable(value, 60), wanted));
}

namespace {

constexpr double largest = std::numeric_limits<double>::max();

const Choices<ModelKind> models = {{"kmeans", ModelKind::kmeans},
                                   {"kmedians", ModelKind::kmedians},
                                   {"bernoulli", ModelKind::bernoulli},
                                   {"categorical", ModelKind::categorical},
                                   {"gaussian", ModelKind::gaussian}};
const Choices<Covariance> covariances = {{"full", Covariance::full},
                                         {"tied", Covariance::tied},
                                         {"diag", Covariance::diag},
                                         {"spherical", Covariance::spherical}};
const Choices<Center> centers = {{"median", Center::median}, {"geometric", Center::geometric}};
const Choices<Missing> missings = {
    {"error", Missing::error}, {"skip", Missing::skip}, {"marginalize", Missing::marginalize}};
const Choices<EmptyCluster> empties = {
    {"reseed", EmptyCluster::reseed}, {"drop", EmptyCluster::drop}, {"error", EmptyCluster::error}};
const Choices<Precision> precisions = {{"float64", Precision::float64}, {"float32", Precision::float32}};
const Choices<Restart> restarts = {
    {"auto", Restart::automatic}, {"never", Restart::never}, {"require", Restart::require}};
const Choices<Progress> progresses = {
    {"auto", Progress::automatic}, {"bar", Progress::bar}, {"lines", Progress::lines}, {"off", Progress::off}};

/// Words that are kept as they are.
Choices<std::string> same_words(const std::vector<std::string>& words) {
  Choices<std::string> choices;
  for (const std::string& word : words) choices.emplace_back(word, word);
  return choices;
}

const std::string data_help = "HDF5 data: file.h5 or file.h5:/path/to/dataset; several are read as one, in order";

void add_quiet(CLI::App* app, Arguments& a) {
  app->add_flag("-q,--quiet", a.quiet, wrapped("Say nothing but results and errors"));
}

void add_compute_options(CLI::App* app, Arguments& a) {
  add_number<int>(
      app, "--threads", 1, most_threads, [&a](int value) { a.threads = value; },
      "Threads a rank [OMP_NUM_THREADS, else the cores that SLURM gave the task, else 1]", "T");
  app->add_option("--target", a.target,
                  wrapped("Instruction set on all ranks [the best that every rank has; see --version]; results are the "
                          "same bits for one instruction set"))
      ->type_name("T");
}

void add_data_options(CLI::App* app, Arguments& a) {
  add_choice(app, "--missing", a.missing, missings,
             "What a NaN means: stop, leave the row out (label -1), or integrate it out (missing at random; bernoulli, "
             "categorical, gaussian diag and spherical) [error]");
  const auto mark = [&a](const std::vector<std::string>& given) {
    constexpr long double most = largest;
    a.missing_values.clear();
    for (const std::string& text : given) {
      const auto value = parse_number<long double>(text, -most, most);
      if (!value) refuse_value("--missing-value", text, range_text(-most, most));
      a.missing_values.push_back(*value);
    }
  };
  app->add_option_function<std::vector<std::string>>(
         "--missing-value", mark,
         wrapped("This value, rounded to the dataset's type, too, is missing; may be given several times"))
      ->allow_extra_args(false)
      ->type_name("V");
  add_choice(
      app, "--precision", a.precision, precisions,
      "How rows are held and multiplied; sums beyond a tile are float64 [float32 for float32 data, else float64]");
}

void add_output(CLI::App* app, Arguments& a, const std::string& what, bool required) {
  app->add_option("-o,--output", a.output, what)->required(required)->type_name("FILE");
  app->add_flag("--overwrite", a.overwrite, wrapped("Allow output files to be replaced [refuse, exit 73]"));
}

void add_fit_model_options(CLI::App* app, Arguments& a) {
  add_choice(app, "--covariance", a.covariance, covariances, "gaussian: shape of the covariances [full]");
  add_choice(app, "--center", a.center, centers,
             "kmedians: coordinate-wise median and L1 distance, or geometric median and Euclidean distance [median]");
  app->add_option(
         "--mixing", a.mixing,
         wrapped("Mixing weights: learned, uniform (all 1/K), or held at FILE's /parameters/weights [learned]"))
      ->type_name("learned|uniform|FILE");
  const auto positive = [&](const std::string& name, double& value, const std::string& help, const std::string& type) {
    add_number<double>(
        app, name, 0, largest, [&value](double given) { value = given; }, help, type);
  };
  positive("--regularization", a.regularization,
           "gaussian: added to covariance diagonals, as a share of each feature's global variance [1e-6]", "R");
  positive("--regularization-absolute", a.regularization_absolute,
           "gaussian: added to covariance diagonals, in squared data units [0]", "R");
  positive("--pseudo-count", a.pseudo_count,
           "bernoulli, categorical: A counts added to every level, the prior Beta or Dirichlet(1 + A) [0]", "A");
  add_choice(app, "--empty-cluster", a.empty_cluster, empties,
             "An empty cluster gets a far row, is dropped (the others keep their order), or ends the fit [reseed]");
}

void add_seed(CLI::App* app, Arguments& a, const std::string& help) {
  add_number<std::uint64_t>(
      app, "--seed", 0, std::numeric_limits<std::uint64_t>::max(), [&a](std::uint64_t value) { a.seed = value; }, help,
      "S");
}

void add_fit_run_options(CLI::App* app, Arguments& a) {
  app->add_option("--row-weights", a.row_weights,
                  wrapped("Dataset of one non-negative weight a row, in each data file or as file.h5:/path [all 1]"))
      ->type_name("PATH");
  app->add_option(
         "--init", a.init,
         wrapped("Start: kmeans-parallel, random, or a model or other HDF5 file with the same /parameters arrays "
                 "[kmeans-parallel]"))
      ->type_name("kmeans-parallel|random|FILE");
  add_seed(app, a, "Every random draw is a function of the seed and the global row [0]");
  add_number<std::int64_t>(
      app, "--max-iterations", 0, std::int64_t{1} << 40U, [&a](std::int64_t value) { a.max_iterations = value; },
      "M-steps at most [300]", "I");
  add_number<double>(
      app, "--tolerance", 0, largest, [&a](double value) { a.tolerance = value; },
      "Mixtures: stop when the log-likelihood a row (a unit of weight) changes by less; kmeans, kmedians: when the "
      "objective changes by less than this share; 0: fixed point or limit [1e-6; kmeans, kmedians 0]",
      "T");
}

void add_checkpoint_options(CLI::App* app, Arguments& a) {
  app->add_option("--checkpoint", a.checkpoint,
                  wrapped("Written while fitting; the same command goes on from it, on any number of ranks [off]"))
      ->type_name("FILE");
  app->add_option("--checkpoint-every", a.checkpoint_every,
                  wrapped("How often: a time (90s, 5min, 1h) or a number of iterations [5min]"))
      ->type_name("TIME|N");
  add_choice(app, "--restart", a.restart, restarts,
             "auto: go on from the checkpoint where there is one; never: begin anew; require: end where there is none "
             "[auto]");
  app->add_option(
         "--max-time", a.max_time,
         wrapped("Stop with exit 75, checkpoint written, before so much time has passed since the start; auto: "
                 "before the SLURM job ends; needs --checkpoint [off]"))
      ->type_name("HH:MM:SS|auto");
}

}  // namespace

void add_fit(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("fit", "Fit a model");
  add_choice(app, "model", a.model, models, "kmeans, kmedians, bernoulli, categorical or gaussian")->required();
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  add_number<std::int64_t>(
      app, "-k,--clusters", 1, std::int64_t{1} << 24U, [&a](std::int64_t value) { a.clusters = value; },
      "Number of clusters", "K")
      ->required();
  a.output = "model.h5";
  add_output(app, a, "The model [model.h5]", false);
  app->add_option("--labels", a.labels, wrapped("Also write the final labels"))->type_name("FILE");
  add_fit_model_options(app, a);
  add_data_options(app, a);
  add_fit_run_options(app, a);
  add_checkpoint_options(app, a);
  app->add_flag("--dry-run", a.dry_run,
                wrapped("Read headers only: validate, print memory a rank, bytes a reduction, ranks"));
  app->add_flag("--json", a.json, wrapped("Print one JSON object of the result on standard output"));
  app->add_option("--log", a.log, wrapped("One JSON object an iteration and one for the run"))->type_name("FILE");
  add_choice(app, "--progress", a.progress, progresses,
             "auto: a bar where standard error is a terminal, else lines [auto]");
  add_compute_options(app, a);
  add_quiet(app, a);
  app->add_flag("-v,--verbose", a.verbose, wrapped("Show every iteration and every cluster"));
  app->footer("Example:\n  mpirun -n 4 shoal fit gaussian data.h5 -k 8 -o model.h5 --labels labels.h5\n");
}

void add_predict(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("predict", "Assign rows to clusters");
  app->add_option("model", a.model_file, wrapped("A model file"))->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  add_output(app, a, "The labels", true);
  app->add_flag("--responsibilities", a.responsibilities, wrapped("mixtures: also write /responsibilities (N x K)"));
  app->add_flag("--log-density", a.log_density, wrapped("mixtures: also write /log_density (N)"));
  add_data_options(app, a);
  add_compute_options(app, a);
  add_quiet(app, a);
}

void add_score(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("score", "Log-likelihood or objective of data under a model, as JSON");
  app->add_option("model", a.model_file, wrapped("A model file"))->required()->type_name("MODEL.h5");
  app->add_option("data", a.data, wrapped(data_help))->required()->type_name("DATA");
  app->add_option("--row-weights", a.row_weights, wrapped("Dataset of one non-negative weight a row [all 1]"))
      ->type_name("PATH");
  add_data_options(app, a);
  add_compute_options(app, a);
}

void add_sample(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("sample", "Draw rows from a model (/X and /labels)");
  app->add_option("model", a.model_file, wrapped("A model file of a mixture"))->required()->type_name("MODEL.h5");
  add_number<std::int64_t>(
      app, "-n,--rows", 1, std::int64_t{1} << 50U, [&a](std::int64_t value) { a.sample_rows = value; }, "Rows to draw",
      "N")
      ->required();
  add_output(app, a, "The data", true);
  add_seed(app, a, "Every draw is a function of the seed and the row [0]");
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
  add_number<std::int64_t>(
      app, "--prototypes", 1, std::int64_t{1} << 20U, [&a](std::int64_t value) { a.prototypes = value; },
      "Show a model's centres as pictures this many features wide, the darker the larger", "WIDTH");
}

void add_convert(CLI::App& root, Arguments& a) {
  CLI::App* app = root.add_subcommand("convert", "Make an HDF5 data file from CSV or NPY");
  app->add_option("files", a.data, wrapped("Input (.csv, .tsv or .npy) and output (.h5)"))
      ->required()
      ->expected(2)
      ->type_name("IN OUT.h5");
  app->add_flag("--overwrite", a.overwrite, wrapped("Allow the output file to be replaced [refuse, exit 73]"));
  add_choice(app, "--type", a.type, same_words({"auto", "float64", "float32", "uint8", "int32", "int64"}),
             "Stored type; auto: the smallest integer type where all values are integers, else float64 [auto]");
  add_number<double>(
      app, "--threshold", -largest, largest, [&a](double value) { a.threshold = value; },
      "Store 1 where a value is greater than this, else 0", "T");
  app->add_option("--label-column", a.label_column,
                  wrapped("CSV: this column (name, or number from 0) goes to /labels, text numbered in sorted order"))
      ->type_name("COLUMN");
  add_choice(app, "--header", a.header, same_words({"auto", "yes", "no"}),
             "CSV: whether the first line holds names [auto: where it is not all numbers]");
  app->add_option("--delimiter", a.delimiter, wrapped("CSV: one character, or tab [,; tab for .tsv]"))->type_name("C");
  add_quiet(app, a);
}

}  // namespace shoal::app
