/// Features of several data sets, and of a model, matched by their names.
#pragma once

#include <string>
#include <vector>

#include "shoal/io/dataset.hpp"

namespace shoal {

/// Brings the features of each data set into the order of `names`, those of `owner` (a model, or the first data set),
/// and leaves out further ones. Where names are known on one side only, or are not unique, features are taken by their
/// position. What was done is noted in the data sets. Throws Error(bad_data) where a name is not among a data set's.
void match_features(std::vector<DatasetInfo>& datasets, const std::vector<std::string>& names,
                    const std::string& owner);

}  // namespace shoal
