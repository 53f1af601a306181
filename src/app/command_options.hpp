/// The options of each command, bound to its Arguments.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/arguments.hpp"

namespace shoal::app {

/// What was given of a model and its options, which are known when both are.
struct GivenOptions {
  std::string model;
  std::vector<std::pair<std::string, std::string>> values;  ///< names and texts, in order
  // select
  std::vector<std::pair<std::string, std::string>> scanned;  ///< the same, of options that have several values
  std::string clusters;                                      ///< as they were written
  std::optional<Criterion> criterion;
};

/// The options that a fit has by what was given. Throws Error(usage) on a value that cannot be, or that belongs to
/// other models.
RunOptions run_options_of(const GivenOptions& given);

/// Of every command that says anything.
void add_quiet(CLI::App* app, Arguments& arguments);

void add_fit(CLI::App& root, Arguments& arguments, GivenOptions& given);
void add_select(CLI::App& root, Arguments& arguments, GivenOptions& given);
void add_predict(CLI::App& root, Arguments& arguments);
void add_score(CLI::App& root, Arguments& arguments);
void add_sample(CLI::App& root, Arguments& arguments);
void add_compare(CLI::App& root, Arguments& arguments);
void add_info(CLI::App& root, Arguments& arguments);
void add_convert(CLI::App& root, Arguments& arguments);

}  // namespace shoal::app
