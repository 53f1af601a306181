/// Starts that a file gives in part: some of a model's arrays, those of another kind of model, or what rows belong to.
#pragma once

#include <string>

#include "shoal/io/model_file.hpp"
#include "shoal/run/options.hpp"

namespace shoal {

/// Of what a file has under /parameters, what a model of these options can start from, covariances of another kind
/// brought to its own, which `note` then says. Throws Error(bad_data) naming `source` where
/// an array is damaged or of another size, or where there is nothing to start from.
NamedArrays usable_arrays(const ModelOptions& model, std::size_t n_features, const StoredParameters& stored,
                          const std::string& source, std::string& note);

/// Whether a model needs more than these.
bool is_partial(const ModelOptions& model, const NamedArrays& arrays);

/// What the start does with them, in one sentence.
std::string start_note(const ModelOptions& model, const StartOptions& start);

}  // namespace shoal
