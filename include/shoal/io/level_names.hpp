/// Levels of categorical data by their names: /levels/<feature> of data files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shoal/data/row_kind.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// In DatasetInfo::level_codes: a level that the model does not have.
inline constexpr Code unknown_code = missing_code - 1;

/// Where rows are codes: reads the names of levels of each data set, and settles which of the `known` levels each of
/// its codes stands for; nothing known: those of the first data set. Where both sides name the levels of a feature,
/// names decide, and a code without a name stands for itself where that has none either; else codes decide. Returns
/// what a person should know, one sentence each. Collective. Throws Error(bad_data) where something else stands in
/// place of names, or more of them than the attribute `levels` says.
std::vector<std::string> match_levels(const Communicator& comm, const RowKind& kind,
                                      const std::optional<LevelNames>& known, std::vector<DatasetInfo>& datasets);

}  // namespace shoal
