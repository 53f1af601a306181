/// Lists of columns, as people write them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shoal {

/// What stands between the commas.
std::vector<std::string> entries_of(const std::string& list);

/// Whether a list for a table of n columns has entries that are neither numbers of columns nor ranges, but names.
bool has_names(const std::string& list, std::size_t n);

/// The columns of a list, each once, in its order: numbers from 0, names, and ranges FIRST:LAST (LAST excluded, either
/// may be left out), separated by commas. What can be the number of a column is one, even where another has it as its
/// name. Entries behind a ^ are taken away, and a list of such entries alone begins with all columns. `names`: of the n
/// columns, or empty. Throws Error(usage) with `what` before it (the option): no such column, a name of several ones.
std::vector<std::size_t> columns_of(const std::string& list, std::size_t n, const std::vector<std::string>& names,
                                    const std::string& what);

}  // namespace shoal
