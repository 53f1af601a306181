/// /selection of model files: a table of records, one a fit.
#pragma once

#include <string>

#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/scan.hpp"

namespace shoal {

/// A data set with the criterion as its attribute.
void write_scan(hid_t file, const ScanTable& scan, bool mixture);

/// Without lines where the file has no such table; fields that it lacks are as in ScanLine.
ScanTable read_scan(hid_t file, bool mixture);

}  // namespace shoal
