/// Cluster centres as pictures of characters.
#pragma once

#include <cstdint>
#include <string>

#include "shoal/io/model_file.hpp"

namespace shoal::app {

/// Each cluster's means, medians, probabilities ... as a picture `width` features wide: the darker, the larger. Throws
/// Error(usage) where the features do not fill whole lines or clusters have no value a feature; bad_data names the file
/// `name`.
std::string prototype_pictures(const ModelFile& model, const std::string& name, std::int64_t width);

}  // namespace shoal::app
