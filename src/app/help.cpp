#include "app/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "app/screen.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t text_column = 24, width = 80;
constexpr const char* default_group = "Options";
constexpr std::size_t needs_groups = 12;  ///< options

/// In the order of the help.
const std::vector<std::pair<std::string, std::vector<std::string>>>& groups() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
      {"Data",
       {"columns", "rows", "mask", "row-axes", "transpose", "no-attributes", "row-weights", "noise", "noise-kind",
        "missing", "missing-value", "standardize", "feature-weights"}},
      {"Model",
       {"clusters", "covariance", "center", "mixing", "criterion", "regularization", "regularization-absolute",
        "pseudo-count", "empty-cluster"}},
      {"Start", {"init", "freeze", "seed", "starts", "search-rows"}},
      {"Stopping", {"max-iterations", "tolerance", "accelerate"}},
      {"Output",
       {"output", "labels", "responsibilities", "log-density", "distances", "impute", "denoise", "deviations",
        "overwrite", "json", "log", "progress", "quiet", "verbose"}},
      {"Running",
       {"checkpoint", "checkpoint-every", "restart", "max-time", "threads", "precision", "target", "dry-run", "help"}}};
  return all;
}

/// A left and a right column; the right one begins a line below where the left is too wide.
std::string in_columns(const std::string& left, const std::string& right) {
  std::string text = "  " + left;
  if (right.empty()) return text + "\n";
  if (text.size() + 2 > text_column) text += "\n" + std::string(text_column, ' ');
  const std::size_t line = text.rfind('\n') == std::string::npos ? text.size() : text_column;
  text.append(text_column - line, ' ');
  return text + wrapped_at(right, text_column, width) + "\n";
}

}  // namespace

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

void group_options(CLI::App& command) {
  std::map<std::string, std::string> group_of;
  for (const auto& [group, options] : groups())
    for (const std::string& option : options) group_of.emplace(option, group);
  const std::vector<CLI::Option*> all =
      command.get_options([](const CLI::Option* one) { return one->nonpositional(); });
  for (CLI::Option* option : all)
    option->group(all.size() < needs_groups ? default_group : group_of[option->get_lnames().front()]);
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string text = wrapped_at(app->get_description(), 0, width) + "\n\n" + make_usage(app, std::move(name));
  text += make_positionals(app);
  std::vector<std::string> titles;
  for (const auto& [group, options] : groups()) titles.push_back(group);
  titles.emplace_back(default_group);
  for (const std::string& title : titles) {
    const std::vector<const CLI::Option*> options =
        app->get_options([&](const CLI::Option* one) { return one->nonpositional() && one->get_group() == title; });
    if (!options.empty()) text += make_group(title, false, options);
  }
  text += make_subcommands(app, mode);
  if (app->get_parent() != nullptr)
    text += "\n" +
            wrapped_at(fmt::format("Options may also stand in a TOML file, by their long names under [{}]: --config "
                                   "FILE.toml.",
                                   app->get_name()),
                       0, width) +
            "\n";
  return text + (app->get_footer().empty() ? "" : "\n" + make_footer(app));
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  if (is_positional) return in_columns(option->get_name() + " " + option->get_type_name(), make_option_desc(option));
  return in_columns(fmt::format("{}", fmt::join(spellings(*option), ", ")) + make_option_opts(option),
                    make_option_desc(option));
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return in_columns(command->get_name(), command->get_description());
}

}  // namespace shoal::app
