/// All that decides the result of a fit, except the rows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shoal/core/option.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/init/start.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/row_options.hpp"
#include "shoal/model/family.hpp"
#include "shoal/run/scaling_options.hpp"
#include "shoal/search/options.hpp"

namespace shoal {

struct RunOptions {
  explicit RunOptions(ModelOptions options) : model(std::move(options)) {}

  ModelOptions model;
  RowOptions rows;
  ScalingOptions scaling;
  StartOptions start;
  SearchOptions search;
  FitOptions fit;
};

/// Where none is given.
inline double default_tolerance(const Family& family) {
  return family.mixture ? tolerance_of_mixtures : tolerance_of_hard_models;
}

/// The tolerance where none is given, and whether to accelerate where that is left open: so that given starts, and fits
/// to the fixed point, step as EM does.
void settle_fit(RunOptions& options);

/// What a person may give for a model of this family, in the order in which files list them. Names are those of the
/// command line.
std::vector<Option<RunOptions>> run_options(const Family& family);

/// The options that have a value, in TOML, by name.
NamedTexts option_texts(const RunOptions& options);

/// The same as the text that model files keep.
std::string options_text(const RunOptions& options);

}  // namespace shoal
