/// Options as TOML: in model files, and as people write them in configs.
#pragma once

#include <map>
#include <string>

#include "shoal/core/option.hpp"

namespace shoal {

/// The value of an option in TOML: whole numbers without a point. Not of monostate.
std::string toml_text(const OptionValue& value);

/// The values that a text in TOML has below its first level, as they would stand on the command line; the last one of
/// an array. Empty where it is no TOML.
std::map<std::string, std::string> toml_values(const std::string& text);

}  // namespace shoal
