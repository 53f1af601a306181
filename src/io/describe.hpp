/// What a reader does with HDF5's headers.
#pragma once

#include <string>

#include "io/number_type.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Fills type and storage of a data set whose shape is known already. Throws Error(bad_data or no_input) where its
/// numbers are not all there.
void read_storage(hid_t dataset, const NumberType& type, DatasetInfo& info);

/// Throws Error(bad_data) where a filter is not to be had, with its number and the remedy.
void require_filters(const DatasetInfo& info);

DatasetInfo describe_dataset(const std::string& name, Wanted wanted);
FileSummary summarise(const std::string& name);

}  // namespace shoal
