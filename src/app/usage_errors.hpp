/// Wrong use, told in the words of who typed it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace shoal::app {

/// A value that an option cannot take, before it is known where it was given.
struct RefusedValue {
  std::string option;  ///< as CLI11 names it: "-k,--clusters", or a positional's name
  std::string value;   ///< empty: the value is
  std::string wanted;
};

/// What was typed: the words of the command line, and the config that they name, if any.
struct Typed {
  std::vector<std::string> words;
  std::string config;
};

/// "-k three: must be ...", or "c.toml: clusters three: must be ..." where it came from the config.
std::string message_of(const RefusedValue& refused, const CLI::App& command, const Typed& typed);

/// Of too many values, or too few, or none at all: CLI11's message with the names that were typed.
std::string message_of_count(const std::string& what, const CLI::App& command, const Typed& typed);

/// "unknown option --n-init (did you mean --starts?)".
std::string message_of_unknown(const std::string& word, const CLI::App& command);

/// The same of a key of a config, which CLI11 names "fit.n_init".
std::string message_of_unknown_key(const std::string& key, const CLI::App& root, const std::string& config);

}  // namespace shoal::app
