/// The group /levels of data and model files: names of levels, a data set of texts for each categorical feature.
#pragma once

#include <string>

#include "shoal/core/feature_names.hpp"
#include "shoal/io/hdf5_handle.hpp"

namespace shoal {

/// Reads what a foreign file, called `file_name` in messages, has for features of these names, or below n_features
/// where there are none. What is no group, and what belongs to no feature, is left alone; links are followed. Throws
/// Error(bad_data) naming the data set that holds no names.
LevelNames read_levels(hid_t file, const std::string& file_name, const std::vector<std::string>& features,
                       std::size_t n_features);

/// Writes what read_levels reads.
void write_levels(hid_t file, const FeatureNames& names);

/// Their size on disk, generously.
std::int64_t bytes_of_levels(const LevelNames& levels);

/// Texts of one size, in UTF-8.
Hdf5Handle text_type(std::size_t size);

Hdf5Handle create_texts(hid_t parent, const std::string& name, hid_t type, std::size_t n);

}  // namespace shoal
