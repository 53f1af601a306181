/// How hard a fit looks for a good optimum.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "shoal/core/option.hpp"

namespace shoal {

struct SearchOptions {
  std::optional<std::int64_t> starts;  ///< plain starts on all rows; none: searches on a sample
  std::optional<std::int64_t> rows;    ///< of the sample; none: by the size of the model
  static constexpr std::int64_t all_rows = std::numeric_limits<std::int64_t>::max();
};

std::vector<Option<SearchOptions>> search_options();

}  // namespace shoal
