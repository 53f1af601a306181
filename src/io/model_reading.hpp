/// What a reader does with model files.
#pragma once

#include <string>

#include "shoal/io/model_file.hpp"

namespace shoal {

/// Throw as read_model and read_parameters do. kinds: names of attributes that families have.
ModelFile read_model_from(const std::string& name, const std::vector<std::string>& kinds);
StoredParameters read_parameters_from(const std::string& name, std::vector<std::string>& sources);

}  // namespace shoal
