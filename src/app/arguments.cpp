#include "app/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "app/command_options.hpp"
#include "app/config_file.hpp"
#include "app/option_values.hpp"
#include "app/scan_arguments.hpp"
#include "app/version.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/version.hpp"

namespace shoal::app {
namespace {

std::string citation_text() {
  return fmt::format(
      "shoal: distributed clustering with reproducible bits, version {0} (see CITATION.cff)\n"
      "@software{{shoal, title = {{shoal: distributed clustering with reproducible bits}}, version = {{{0}}}}}\n",
      shoal::version());
}

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

/// What the command line may hold, and what it held.
struct CommandLine {
  CLI::App root{
      "shoal clusters data sets that do not fit one machine. Every command runs alone or\n"
      "under mpirun or srun; the result is the same bits for any number of ranks and threads.",
      "shoal"};
  std::map<std::string, Arguments> all;
  GivenOptions fit, select;
  bool version = false, cite = false;

  CommandLine() {
    add_fit(root, all["fit"], fit);
    add_select(root, all["select"], select);
    add_predict(root, all["predict"]);
    add_score(root, all["score"]);
    add_sample(root, all["sample"]);
    add_compare(root, all["compare"]);
    add_info(root, all["info"]);
    add_convert(root, all["convert"]);
    root.require_subcommand(0, 1);
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
  }

  /// Whether arguments came; else help was asked for. Throws Error(usage or no_input).
  bool parse(int argc, char** argv) {
    require_configs(argc, argv);
    try {
      root.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return false;
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
    return true;
  }
};

}  // namespace

std::optional<Arguments> parse_arguments(int argc, char** argv, bool print) {
  CommandLine line;
  const auto answer = [&](const std::string& text) {
    if (print) std::cout << text;
    return std::nullopt;
  };
  if (!line.parse(argc, argv)) return answer(line.root.help());  // of the command given, if any
  if (line.version) return answer(version_text());
  if (line.cite) return answer(citation_text());
  const auto chosen = line.root.get_subcommands();
  if (chosen.empty()) throw Error(ExitCode::usage, "no command given; see `shoal --help`");
  Arguments arguments = line.all[chosen.front()->get_name()];
  arguments.command = chosen.front()->get_name();
  if (arguments.command == "fit") arguments.run = run_options_of(line.fit);
  if (arguments.command == "select") set_scan(line.select, arguments);
  const CLI::Option* config = line.root.get_config_ptr();
  if (config->count() > 0) arguments.config = config->as<std::string>();
  return arguments;
}

}  // namespace shoal::app
