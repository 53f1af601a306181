/// Types of HDF5 as numbers that shoal can take.
#pragma once

#include <optional>

#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/storage.hpp"

namespace shoal {

struct NumberType {
  StoredNumber stored;
  ElementType element;
  bool plain = true;  ///< decode_numbers can read it; else only HDF5 can
};

/// Integers of up to 8 bytes of any precision and byte order, enumerations of them and bit fields (as the integers that
/// they are), HDF5's booleans, and real numbers that float64 holds exactly. Nothing for all other types.
std::optional<NumberType> number_type(hid_t type);

}  // namespace shoal
