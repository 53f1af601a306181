/// Rows and features chosen from what is stored.
#pragma once

#include <string>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Makes `info` an assembly of itself, unless it is one.
void assemble(DatasetInfo& info);

/// Data sets with equally many rows as one, their columns one after the other. Throws Error(bad_data) where they have
/// not.
DatasetInfo side_by_side(std::vector<DatasetInfo> parts, const std::string& path);

/// Keeps these of the features, in this order, with their names and levels.
void choose_columns(DatasetInfo& info, const std::vector<std::size_t>& chosen);

/// The same by a list (column_list.hpp). Throws Error(usage).
void choose_columns(DatasetInfo& info, const std::string& list);

/// Sets info.type to one that holds the values of all blocks, missing entries as NaN where there may be some; exactly,
/// except integers of 64 bits beside others.
void settle_type(DatasetInfo& info);

/// Keeps rows FIRST:LAST:STEP (each may be left out) of the data sets taken as one; some data sets may have none left.
/// Throws Error(usage) with `option` before it.
void choose_rows(std::vector<DatasetInfo>& datasets, const std::string& rows, const std::string& option);

/// What is stored of `info`: its sources, or itself.
std::vector<const DatasetInfo*> stored_of(const DatasetInfo& info);

/// The rows of its sources among which `rows` of it lie.
inline Range stored_rows(const DatasetInfo& info, const Range& rows) {
  return {info.file_row(rows.first), info.file_row(rows.last - 1) + 1};
}

}  // namespace shoal
