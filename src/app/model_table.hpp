/// A model as a person looks at it: its clusters and features.
#pragma once

#include <cstddef>
#include <string>

#include "shoal/io/model_file.hpp"

namespace shoal::app {

/// Sizes of the clusters and where they lie in each feature, at most `width` columns wide where one cluster fits into
/// that: a line a cluster, or a line a feature (of codes a line a level). Without `all`: the largest clusters, and of
/// many features those that set clusters apart most. Throws Error(bad_data) naming `source` where parameters are not as
/// they must be.
std::string model_table(const ModelFile& model, const std::string& source, std::size_t width, bool all);

}  // namespace shoal::app
