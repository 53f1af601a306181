/// Where the numbers of virtual data sets come from.
#pragma once

#include "io/describe.hpp"

namespace shoal {

/// Throws Error where a source is no regular file (bad_data), or is missing and no fill value was chosen, as it would
/// be zeros that nobody meant (no_input).
void require_sources(hid_t creation, const DatasetInfo& info);

/// Opens the sources of a virtual data set of `file`, and theirs, so that files_opened() knows them.
void open_sources(hid_t creation, const std::string& file);

}  // namespace shoal
