/// Files that are made of tables: /X with what is known of its columns, and beside it /labels and /ids.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shoal/io/data_file.hpp"

namespace shoal {

/// What is known of ids before they are written: they become int64 where all are such numbers, else texts (UTF-8) of
/// the size of the longest.
struct IdColumn {
  bool all_integers = true;
  std::size_t longest = 1;  ///< in bytes

  void add(std::string_view id);
};

/// What stands beside /X.
struct BesideRows {
  std::optional<IdColumn> ids;
  std::optional<std::vector<std::string>> label_names;  ///< labels are their numbers, or -1
};

struct LabelledRow {
  std::span<const double> values;
  std::int32_t label = -1;
  std::string_view id;
};
using AppendRow = std::function<void(const LabelledRow& row)>;

/// Rank 0 alone: writes the rows that `each_row` appends to the temporary of `output`; HDF5 converts them to head.type.
/// Throws Error(io_failure), also where there are more or fewer than head.n_rows.
void write_table(const OutputFile& output, const DataHead& head, const BesideRows& beside,
                 const std::function<void(const AppendRow& append)>& each_row);

}  // namespace shoal
