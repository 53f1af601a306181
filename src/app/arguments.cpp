#include "app/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "app/command_options.hpp"
#include "app/config_file.hpp"
#include "app/option_values.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

const char* citation =
    "shoal: distributed clustering with reproducible bits, version " SHOAL_VERSION
    " (see CITATION.cff)\n"
    "@software{shoal, title = {shoal: distributed clustering with reproducible bits}, version = {" SHOAL_VERSION "}}\n";

/// Makes one line of CLI11's message, and points to the help.
std::string one_line(const CLI::App& root, const CLI::ParseError& error) {
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::string command = "shoal";
  for (const CLI::App* sub : root.get_subcommands()) command += " " + sub->get_name();
  return fmt::format("{}; see `{} --help`", text, command);
}

/// What a variable of a shell that is not set leaves of a value.
CLI::Validator not_empty(const std::string& option) {
  const auto check = [option](const std::string& value) -> std::string {
    if (value.empty()) throw Error(ExitCode::usage, option + ": its value is empty; give one, or leave the option out");
    return "";
  };
  return {check, ""};
}

/// Looks at the config before CLI11 opens it.
void require_configs(int argc, char** argv) {
  const std::string option = "--config";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == option && i + 1 < argc) require_config(argv[i + 1]);
    if (word.starts_with(option + "=")) require_config(word.substr(option.size() + 1));
  }
}

}  // namespace

std::optional<Arguments> parse_arguments(int argc, char** argv, bool print) {
  CLI::App root(
      "shoal clusters data sets that do not fit one machine. Every command runs alone or\n"
      "under mpirun or srun; the result is the same bits for any number of ranks and threads.",
      "shoal");
  std::map<std::string, Arguments> all;
  add_fit(root, all["fit"]);
  add_predict(root, all["predict"]);
  add_score(root, all["score"]);
  add_sample(root, all["sample"]);
  add_compare(root, all["compare"]);
  add_info(root, all["info"]);
  add_convert(root, all["convert"]);
  root.require_subcommand(0, 1);
  bool version = false;
  bool cite = false;
  root.add_flag("--version", version, "Version, compiler, MPI, HDF5, instruction sets, git revision");
  root.add_flag("--citation", cite, "How to cite");
  root.set_config(
          "--config", "",
          wrapped("TOML file with any option by its long name under [fit], [predict], ...; the command line wins"))
      ->type_name("FILE.toml");
  root.config_formatter(toml_reader());
  root.allow_config_extras(CLI::config_extras_mode::error);
  root.get_formatter()->column_width(34);
  for (CLI::App* sub : root.get_subcommands({})) {
    for (CLI::Option* option : sub->get_options())
      if (option->get_type_size() > 0) option->check(not_empty(option->get_name()));
    sub->fallthrough();  // so that --config may stand behind the command
    sub->allow_config_extras(CLI::config_extras_mode::error);
    sub->get_formatter()->column_width(34);
  }
  require_configs(argc, argv);
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    if (print) std::cout << root.help();  // of the command given, if any
    return std::nullopt;
  } catch (const CLI::FileError& error) {
    throw Error(ExitCode::no_input, fmt::format("--config: {}; check the name", error.what()));
  } catch (const CLI::ConfigError& error) {
    const std::string what = error.what(), unknown = "INI was not able to parse ";
    if (!what.starts_with(unknown)) throw Error(ExitCode::usage, "--config: " + what);
    throw Error(ExitCode::usage,
                fmt::format("--config: {} is no option; see `shoal --help`", what.substr(unknown.size())));
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, one_line(root, error));
  }
  if (version || cite) {
    if (print) std::cout << (version ? version_text() : citation);
    return std::nullopt;
  }
  const auto chosen = root.get_subcommands();
  if (chosen.empty()) throw Error(ExitCode::usage, "no command given; see `shoal --help`");
  Arguments arguments = all[chosen.front()->get_name()];
  arguments.command = chosen.front()->get_name();
  if (root.get_config_ptr()->count() > 0) arguments.config = root.get_config_ptr()->as<std::string>();
  return arguments;
}

std::string options_text(const Arguments& a, const ResolvedNames& names, bool float32, double tolerance) {
  std::string text = fmt::format("[fit]\nmodel = \"{}\"\nclusters = {}\n", to_string(a.model), a.clusters);
  const auto line = [&](const std::string& key, const auto& value) { text += fmt::format("{} = {}\n", key, value); };
  const auto quoted = [](const std::string& value) { return '"' + value + '"'; };
  if (a.model == ModelKind::gaussian) {
    line("covariance", quoted(to_string(a.covariance)));
    line("regularization", a.regularization);
    line("regularization-absolute", a.regularization_absolute);
  }
  if (a.model == ModelKind::kmedians) line("center", quoted(to_string(a.center)));
  if (is_mixture(a.model)) line("mixing", quoted(names.mixing));
  if (is_discrete(a.model)) line("pseudo-count", a.pseudo_count);
  if (!names.row_weights.empty()) line("row-weights", quoted(names.row_weights));
  line("missing", quoted(to_string(a.missing)));
  std::vector<std::string> marks;
  for (const long double mark : a.missing_values)
    marks.push_back(static_cast<double>(mark) == mark || mark != std::floor(mark)
                        ? fmt::format("{}", static_cast<double>(mark))
                        : fmt::format("{:.0f}", mark));
  if (marks.size() == 1) line("missing-value", marks.front());
  if (marks.size() > 1) line("missing-value", fmt::format("[{}]", fmt::join(marks, ", ")));
  line("init", quoted(names.init));
  line("seed", a.seed);
  line("max-iterations", a.max_iterations);
  line("tolerance", tolerance);
  line("empty-cluster", quoted(to_string(a.empty_cluster)));
  line("precision", quoted(float32 ? "float32" : "float64"));
  return text;
}

}  // namespace shoal::app
