/// What a data set of rows says of its columns.
#pragma once

#include "shoal/io/data_file.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {

void annotate(hid_t dataset, const DataHead& head);

}  // namespace shoal
