/// From a model file back to the options of a model.
#pragma once

#include "shoal/data/row_coding.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/model/options.hpp"

namespace shoal::app {

/// Throws Error(bad_data) naming the file where an attribute has an unknown value or sizes are impossible.
ModelOptions options_of(const ModelFile& file, const std::string& name);

/// How the rows of the fit were held.
Precision precision_of(const ModelFile& file);

/// The number of clusters by which the fit chose how discrete rows are held: before it dropped any.
std::size_t coded_clusters(const ModelFile& file);

/// Level offsets of a discrete model: two levels a feature, or /parameters/level_offsets.
LevelOffsets level_offsets_of(const ModelFile& file, const std::string& name);

}  // namespace shoal::app
