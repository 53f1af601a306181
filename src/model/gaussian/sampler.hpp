/// Drawing from Gaussian components.
#pragma once

#include "shoal/model/family.hpp"

namespace shoal {

/// @pre check_parameters let the parameters pass.
std::unique_ptr<ComponentSampler> gaussian_sampler(const ModelOptions& options, const ModelSize& size,
                                                   const NamedArrays& parameters);

}  // namespace shoal
