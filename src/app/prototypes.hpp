/// Cluster centres as pictures of characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shoal/io/model_file.hpp"

namespace shoal::app {

struct PictureSize {
  std::int64_t features = 1;  ///< abreast in a line of a picture
  std::size_t screen = 80;    ///< columns of the screen, for as many pictures abreast as fit
};

/// Each cluster's means, medians, probabilities, rates or mean codes as a picture: the darker, the larger, on one scale
/// for all. Throws Error(usage) where the features do not fill whole lines; bad_data names the file `name`.
std::string prototype_pictures(const ModelFile& model, const std::string& name, const PictureSize& size);

}  // namespace shoal::app
