/// What --help shows: 80 columns, options in groups.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace shoal::app {

/// The names of an option, as one may type them: "-k", "--clusters".
std::vector<std::string> spellings(const CLI::Option& option);

/// Puts every option of a command in its group: data, model, start, stopping, output, running. Few need no groups.
void group_options(CLI::App& command);

/// Lays out help in 80 columns.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("REQUIRED", "(required)");
    label("Positionals", "Arguments");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace shoal::app
