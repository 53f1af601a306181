/// The options of each command, bound to its Arguments.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/arguments.hpp"

namespace shoal::app {

void add_fit(CLI::App& root, Arguments& arguments);
void add_predict(CLI::App& root, Arguments& arguments);
void add_score(CLI::App& root, Arguments& arguments);
void add_sample(CLI::App& root, Arguments& arguments);
void add_compare(CLI::App& root, Arguments& arguments);
void add_info(CLI::App& root, Arguments& arguments);
void add_convert(CLI::App& root, Arguments& arguments);

}  // namespace shoal::app
