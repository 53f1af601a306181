/// From a model file back to the options of its model.
#pragma once

#include <optional>
#include <string>

#include "shoal/io/model_file.hpp"
#include "shoal/io/row_options.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

struct StoredOptions {
  ModelOptions model;
  std::optional<Precision> precision;  ///< of the fit's rows
  std::size_t coded_clusters = 1;      ///< by which the fit chose how rows of codes are held: before it dropped any
  bool noisy = false;                  ///< the fit's rows had known noise, without which its parameters are
};

/// Throws Error(bad_data) naming the file where an attribute has an unknown value or sizes are impossible.
StoredOptions stored_options(const ModelFile& file, const std::string& name);

/// Level offsets of a model of codes: two levels per feature, or /parameters/level_offsets.
LevelOffsets level_offsets_of(const Family& family, const ModelFile& file);

}  // namespace shoal
