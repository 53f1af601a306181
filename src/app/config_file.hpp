/// --config: options from a TOML file.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace shoal::app {

/// Throws Error where `file` cannot be a config: no_input where it is no regular file (a pipe would be waited for),
/// usage where it is far too long.
void require_config(const std::string& file);

/// What CLI11 reads config files with: tables name commands, keys their options. Throws Error(usage), naming line and
/// column, where a file is no TOML, or holds what no option takes; `file` is its name.
std::shared_ptr<CLI::Config> toml_reader(const std::string& file);

}  // namespace shoal::app
