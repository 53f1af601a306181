/// What is made of each column of a table of text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "shoal/io/table_source.hpp"

namespace shoal {

struct TableColumns {
  std::vector<std::size_t> features;  ///< in the order of the data set
  std::vector<bool> categorical;      ///< one a feature
  std::optional<std::size_t> id, label;

  [[nodiscard]] bool all_categorical() const;
};

/// Whether some option gives a column of a table of n columns by its name.
bool gives_names(const TableOptions& options, std::size_t n);

/// `names`: of the n columns, or none. Throws Error(usage) naming option and file.
TableColumns plan_columns(const TableOptions& options, std::size_t n, const std::vector<std::string>& names,
                          const std::string& file);

/// Names as data sets may have them, no two alike: "Unnamed: 0" for one that is empty, x.1 for a second x, as pandas
/// has them. `changed` counts those.
std::vector<std::string> distinct_names(std::vector<std::string> names, std::size_t& changed);

}  // namespace shoal
