/// A model file in words.
#pragma once

#include <cstddef>
#include <string>

#include "shoal/io/model_file.hpp"

namespace shoal::app {

/// "gaussian full".
std::string kind_text(const ModelFile& model);

/// "sound", "2 degenerate", "not converged", "not known" of files that do not tell.
std::string health_text(const ModelFile& model);

/// What was fitted, its clusters and features (model_table.hpp), how well and how it ended, within `width` columns. A
/// file whose parameters are damaged is told with the damage.
std::string model_text(const ModelFile& model, const std::string& file, std::size_t width, bool all);

}  // namespace shoal::app
