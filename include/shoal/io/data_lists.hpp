/// Lists of data: `@list.txt` in the place of the files that it names.
#pragma once

#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"

namespace shoal {

/// The names, each `@FILE` replaced by what the lines of that file name: data as parse_dataset_name takes them,
/// relative to the working folder as on a command line. Empty lines and those that begin with # are left out, and so
/// are blanks around a name. Rank 0 reads. Throws Error: no_input (no such list), bad_data (an empty one, no text, a
/// list in it). Collective.
std::vector<std::string> expand_lists(const Communicator& comm, const std::vector<std::string>& names);

}  // namespace shoal
