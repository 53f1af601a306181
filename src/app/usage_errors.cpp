#include "app/usage_errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include "app/help.hpp"
#include "app/terminal.hpp"

namespace shoal::app {
namespace {

/// Options of other programs for the same thing: scikit-learn, mclust, Spark, ELKI.
const std::map<std::string, std::string>& elsewhere() {
  static const std::map<std::string, std::string> names = {{"n-init", "starts"},
                                                           {"nstart", "starts"},
                                                           {"n-clusters", "clusters"},
                                                           {"n-components", "clusters"},
                                                           {"num-clusters", "clusters"},
                                                           {"max-iter", "max-iterations"},
                                                           {"iter-max", "max-iterations"},
                                                           {"tol", "tolerance"},
                                                           {"random-state", "seed"},
                                                           {"covariance-type", "covariance"},
                                                           {"reg-covar", "regularization-absolute"},
                                                           {"init-params", "init"},
                                                           {"n-jobs", "threads"},
                                                           {"num-threads", "threads"},
                                                           {"sample-weight", "row-weights"},
                                                           {"weights", "row-weights"},
                                                           {"alpha", "pseudo-count"},
                                                           {"resume", "restart"},
                                                           {"force", "overwrite"},
                                                           {"normalize", "standardize"},
                                                           {"scale", "standardize"},
                                                           {"features", "columns"},
                                                           {"out", "output"},
                                                           {"proba", "responsibilities"},
                                                           {"predict-proba", "responsibilities"},
                                                           {"time-limit", "max-time"}};
  return names;
}

/// Characters to insert, delete or replace, or to exchange with their neighbour (Damerau 1964).
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1), above(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::vector<std::size_t> twice_above = std::exchange(above, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], twice_above[j - 1] + 1);
    }
  }
  return row.back();
}

/// The known word that was meant, if one is near enough.
std::string meant(std::string word, const std::vector<std::string>& known) {
  std::ranges::replace(word, '_', '-');
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto is_known = [&](const std::string& one) { return std::ranges::find(known, one) != known.end(); };
  if (const auto other = elsewhere().find(word); other != elsewhere().end() && is_known(other->second))
    return other->second;
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& one : known) {
    const bool begun = word.size() > 2 && one.starts_with(word);
    const std::size_t distance = begun ? 0 : edit_distance(word, one);
    if (distance < least) least = distance, best = one;
  }
  return best;
}

std::vector<std::string> long_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options({}))
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  return names;
}

std::string did_you_mean(const std::string& word) { return word.empty() ? "" : " (did you mean " + word + "?)"; }

/// "a|b|c", word by word; nothing where there is but one.
std::vector<std::string> words_of(const std::string& wanted) {
  std::vector<std::string> words;
  if (wanted.find('|') == std::string::npos) return words;
  std::istringstream stream(wanted.substr(0, wanted.find(',')));
  for (std::string word; std::getline(stream, word, '|');) words.push_back(word);
  return words;
}

bool is_given_by(const std::string& word, const std::string& name) {
  const bool is_short = name.size() == 2 && name[1] != '-';
  return word == name || word.starts_with(name + "=") || (is_short && word.starts_with(name));
}

/// The name by which the command line gives an option; empty: it does not.
std::string name_typed(const CLI::Option& option, const Typed& typed) {
  for (const std::string& word : typed.words)
    for (const std::string& name : spellings(option))
      if (is_given_by(word, name)) return name;
  return "";
}

}  // namespace

std::string message_of(const RefusedValue& refused, const CLI::App& command, const Typed& typed) {
  const std::string name = refused.option.substr(refused.option.rfind(',') + 1);
  const CLI::Option* const option = command.get_option_no_throw(name);
  std::string shown = name;
  if (option != nullptr && option->nonpositional()) {
    shown = name_typed(*option, typed);
    if (shown.empty()) shown = fmt::format("{}: {}", typed.config, option->get_lnames().front());
  }
  if (refused.value.empty()) return shown + ": its value is empty; give one, or leave the option out";
  return fmt::format("{} {}: must be {}{}", shown, printable(refused.value, 60), refused.wanted,
                     did_you_mean(meant(refused.value, words_of(refused.wanted))));
}

std::string message_of_count(const std::string& what, const CLI::App& command, const Typed& typed) {
  const std::string name = what.substr(0, what.find_first_of(": "));
  const CLI::Option* const option = command.get_option_no_throw(name);
  if (option == nullptr) return name == "--config" ? "--config: one FILE.toml is needed" : what;
  std::string shown = option->nonpositional() ? name_typed(*option, typed) : name;
  if (shown.empty()) shown = fmt::format("{}: {}", typed.config, option->get_lnames().front());
  if (what.ends_with("missing")) return fmt::format("{}: its value {} is missing", shown, option->get_type_name());
  if (what.ends_with("required"))
    return option->nonpositional()
               ? fmt::format("{} {} is missing", fmt::join(spellings(*option), ", "), option->get_type_name())
               : fmt::format("{} is missing", name);
  const std::string received = what.substr(what.rfind(' ') + 1);
  if (option->nonpositional()) return fmt::format("{}: given {} times; give it once", shown, received);
  return fmt::format("{}: {} given, {} needed", name, received, option->get_items_expected());
}

std::string message_of_unknown(const std::string& word, const CLI::App& command) {
  if (word.starts_with("-")) {
    const std::string option = word.substr(0, word.find('='));
    const std::string near =
        meant(option.substr(std::min(option.size(), option.find_first_not_of('-'))), long_names(command));
    return fmt::format("unknown option {}{}", printable(option, 60), did_you_mean(near.empty() ? "" : "--" + near));
  }
  if (command.get_parent() != nullptr) return fmt::format("unexpected argument {}", printable(word, 60));
  std::vector<std::string> commands;
  for (const CLI::App* one : command.get_subcommands({})) commands.push_back(one->get_name());
  return fmt::format("unknown command {}{}", printable(word, 60), did_you_mean(meant(word, commands)));
}

std::string message_of_unknown_key(const std::string& key, const CLI::App& root, const std::string& config) {
  const std::size_t dot = key.find('.');
  const std::string table = dot == std::string::npos ? "" : key.substr(0, dot), name = key.substr(dot + 1);
  std::vector<std::string> commands, known;
  for (const CLI::App* one : root.get_subcommands({})) commands.push_back(one->get_name());
  const bool is_command = std::ranges::find(commands, table) != commands.end();
  if (!table.empty() && !is_command)
    return fmt::format("{}: unknown table [{}]{}", config, printable(table, 60), did_you_mean(meant(table, commands)));
  if (table.empty())
    return fmt::format("{}: unknown key {}; options stand under [fit], [predict], ...", config, printable(name, 60));
  return fmt::format("{}: unknown key {} in [{}]{}", config, printable(name, 60), table,
                     did_you_mean(meant(name, long_names(*root.get_subcommand(table)))));
}

}  // namespace shoal::app
