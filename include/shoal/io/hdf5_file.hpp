/// Small reads and writes of one rank: open files, attributes, whole arrays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/storage.hpp"

namespace shoal {

/// Attributes of an object; nothing where there is none of that name or it has another type.
std::optional<std::string> read_text_attribute(hid_t object, const std::string& name);
std::optional<double> read_number_attribute(hid_t object, const std::string& name);
std::uint64_t read_unsigned_attribute(hid_t object, const std::string& name);  ///< 0 where there is none
std::vector<std::int64_t> read_integers_attribute(hid_t object, const std::string& name);
std::vector<std::string> read_texts_attribute(hid_t object, const std::string& name);

void write_attribute(hid_t object, const std::string& name, const std::string& value);
void write_attribute(hid_t object, const std::string& name, double value);
void write_attribute(hid_t object, const std::string& name, std::int64_t value);
void write_attribute(hid_t object, const std::string& name, std::uint64_t value);
void write_attribute(hid_t object, const std::string& name, bool value);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::int64_t>& values);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& values);

/// The HDF5 type of elements in memory.
hid_t native_type(ElementType type);

/// Creates a file whose bytes depend on what is written alone: no times, fixed format bounds. `access` may hold an MPI
/// file driver.
Hdf5Handle create_file(const std::string& file, hid_t access);
Hdf5Handle file_access();

/// Properties of a contiguous data set without times, allocated at once and not filled.
Hdf5Handle plain_dataset();

/// One with these properties; throws Error(io_failure, failed).
Hdf5Handle create_dataset(hid_t parent, const std::string& path, ElementType type, const std::vector<hsize_t>& size,
                          const std::string& failed);

Hdf5Handle create_group(hid_t parent, const std::string& name);

}  // namespace shoal
