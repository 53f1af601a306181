#include "app/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "app/command_options.hpp"
#include "app/config_file.hpp"
#include "app/help.hpp"
#include "app/option_values.hpp"
#include "app/scan_arguments.hpp"
#include "app/terminal.hpp"
#include "app/usage_errors.hpp"
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

/// Wrong use, with a pointer to the help.
Error usage_error(const CLI::App& command, std::string text) {
  std::ranges::replace(text, '\n', ' ');
  const std::string parent = command.get_parent() == nullptr ? "" : command.get_parent()->get_name() + " ";
  return {ExitCode::usage, fmt::format("{}; see `{}{} --help`", text, parent, command.get_name())};
}

/// What a variable of a shell that is not set leaves of a value.
CLI::Validator not_empty(const std::string& option) {
  const auto check = [option](const std::string& value) -> std::string {
    if (value.empty()) throw RefusedValue{option, "", ""};
    return "";
  };
  return {check, ""};
}

/// The words of the command line; looks at the config before CLI11 opens it.
Typed typed_words(int argc, char** argv) {
  const std::string option = "--config";
  Typed typed{{argv + std::min(1, argc), argv + argc}, ""};
  for (std::size_t i = 0; i < typed.words.size() && typed.words[i] != "--"; ++i) {
    const std::string& word = typed.words[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1)  // CLI11 would take the next word
      throw Error(ExitCode::usage,
                  fmt::format("{}: its value is empty; give one, or leave the option out", printable(word, 60)));
    if (word == option && i + 1 < typed.words.size() && typed.words[i + 1].empty())
      throw Error(ExitCode::usage, "--config: its value is empty; give one, or leave the option out");
    if (word == option && i + 1 < typed.words.size()) typed.config = typed.words[i + 1];
    if (word.starts_with(option + "=")) typed.config = word.substr(option.size() + 1);
    if (!typed.config.empty()) require_config(typed.config);
  }
  return typed;
}

/// What the command line may hold, and what it held.
struct CommandLine {
  CLI::App root{
      "shoal clusters data sets that do not fit one machine. Every command runs alone or "
      "under mpirun or srun; the result is the same bits for any number of ranks and threads.",
      "shoal"};
  std::map<std::string, Arguments> all;
  GivenOptions fit, select;
  bool version = false, cite = false;
  Typed typed;

  CommandLine(int argc, char** argv) : typed(typed_words(argc, argv)) {
    const auto formatter = std::make_shared<HelpFormatter>();
    root.formatter(formatter);  // which commands inherit
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
    root.set_config("--config", "",
                    "TOML file with any option by its long name under [fit], [predict], ...; the command line wins")
        ->type_name("FILE.toml");
    root.config_formatter(toml_reader(typed.config));
    root.allow_config_extras(CLI::config_extras_mode::error);
    group_options(root);
    for (CLI::App* sub : root.get_subcommands({})) {
      for (CLI::Option* option : sub->get_options())
        if (option->get_type_size() > 0) option->check(not_empty(option->get_name()));
      sub->fallthrough();  // so that --config may stand behind the command
      sub->allow_config_extras(CLI::config_extras_mode::error);
      sub->group("Commands");
      group_options(*sub);
    }
  }

  /// The command that was given, or the program where there is none.
  [[nodiscard]] const CLI::App& command() const {
    const auto given = root.get_subcommands();
    return given.empty() ? root : *given.front();
  }

  /// Whether arguments came; else help was asked for. Throws Error(usage or no_input), and RefusedValue.
  bool parse(int argc, char** argv) {
    try {
      root.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return false;
    } catch (const CLI::FileError& error) {
      throw Error(ExitCode::no_input, fmt::format("--config: {}; check the name", error.what()));
    } catch (const CLI::ConfigError& error) {
      const std::string what = error.what(), unknown = "INI was not able to parse ";
      throw usage_error(command(), what.starts_with(unknown)
                                       ? message_of_unknown_key(what.substr(unknown.size()), root, typed.config)
                                       : typed.config + ": " + what);
    } catch (const CLI::ExtrasError&) {
      throw usage_error(command(), message_of_unknown(root.remaining(true).front(), command()));
    } catch (const CLI::ArgumentMismatch& error) {
      throw usage_error(command(), message_of_count(error.what(), command(), typed));
    } catch (const CLI::RequiredError& error) {
      if (const std::vector<std::string> rest = root.remaining(true); !rest.empty())
        throw usage_error(command(), message_of_unknown(rest.front(), command()));
      throw usage_error(command(), message_of_count(error.what(), command(), typed));
    } catch (const CLI::ParseError& error) {
      throw usage_error(command(), error.what());
    }
    return true;
  }

  /// What the command has by what was given. Throws Error(usage) and RefusedValue.
  Arguments arguments() {
    Arguments chosen = all[command().get_name()];
    chosen.command = command().get_name();
    if (chosen.command == "fit") chosen.run = run_options_of(fit);
    if (chosen.command == "select") set_scan(select, chosen);
    chosen.config = typed.config;
    return chosen;
  }
};

}  // namespace

std::optional<Arguments> parse_arguments(int argc, char** argv, bool print) {
  CommandLine line(argc, argv);
  const auto answer = [&](const std::string& text) {
    if (print) std::cout << text;
    return std::nullopt;
  };
  try {
    if (!line.parse(argc, argv)) return answer(line.root.help());  // of the command given, if any
    if (line.version) return answer(version_text());
    if (line.cite) return answer(citation_text());
    if (line.command().get_parent() == nullptr) throw usage_error(line.root, "no command given");
    return line.arguments();
  } catch (const RefusedValue& refused) {
    throw Error(ExitCode::usage, message_of(refused, line.command(), line.typed));
  }
}

}  // namespace shoal::app
