/// What a data file says of the columns of /X.
#pragma once

#include "shoal/io/data_file.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {

/// @pre /X is there.
void annotate(hid_t file, const DataHead& head);

}  // namespace shoal
