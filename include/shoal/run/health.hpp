/// What is to be known of a fit before its numbers are used: as arrays of model files, and in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shoal/fit/fit.hpp"
#include "shoal/fit/separation.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/model/soundness.hpp"
#include "shoal/model/start_progress.hpp"

namespace shoal {

/// The arrays of /health: one entry per component (weight, small, flat; spread and direction where components can be
/// flat, duplicate_of where there are responsibilities; -1: of none), or of length 1.
NamedArrays health_arrays(const Soundness& soundness, const Separation* separation, const FitResult& result,
                          const Repairs& repairs, const StartProgress& starts, bool minimises);

/// Of /health: D x D, from scans over codes (fit/bivariate.hpp).
inline constexpr const char* bivariate_array = "bivariate_residuals";

/// The arrays of /starts: one entry per start or search, in the order in which they ended.
NamedArrays start_arrays(const StartProgress& starts);

/// The health of a model, a sentence each; the first says whether it is sound. Of a file that has no /health: nothing.
std::vector<std::string> health_sentences(const ModelFile& model);

/// Of these what a person should do something about.
std::vector<std::string> health_problems(const ModelFile& model);

/// What is to be said of a model that is large for its rows: more parameters than rows, or normal components of fewer
/// rows than features.
std::vector<std::string> size_warnings(const ModelFile& model);

/// How many components are degenerate, as far as the file tells.
std::int64_t n_degenerate(const ModelFile& model);

}  // namespace shoal
