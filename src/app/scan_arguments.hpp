/// The options of select that have several values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/command_options.hpp"

namespace shoal::app {

/// Whether select takes several values of this option, and so has it in another form than fit.
bool is_scanned(const std::string& option);

/// -k, --covariance and --criterion.
void add_scanned(CLI::App* app, GivenOptions& given);

/// What select has by what was given. Throws Error(usage) as run_options_of does, and where options cannot be scanned.
void set_scan(const GivenOptions& given, Arguments& arguments);

}  // namespace shoal::app
