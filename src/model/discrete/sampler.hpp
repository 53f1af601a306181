/// Drawing from Bernoulli and categorical components.
#pragma once

#include "shoal/model/family.hpp"

namespace shoal {

/// @pre check_parameters let the parameters pass.
std::unique_ptr<ComponentSampler> bernoulli_sampler(const ModelOptions& options, const ModelSize& size,
                                                    const NamedArrays& parameters);
std::unique_ptr<ComponentSampler> categorical_sampler(const ModelOptions& options, const ModelSize& size,
                                                      const NamedArrays& parameters);

}  // namespace shoal
