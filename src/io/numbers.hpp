/// From stored numbers to elements in this machine's types.
#pragma once

#include <cstddef>

#include "shoal/io/storage.hpp"

namespace shoal {

/// Whether stored numbers are elements already, bit for bit.
bool stored_as_element(const StoredNumber& stored, ElementType element);

/// Converts `n` numbers. `in` holds n * stored.size bytes, `out` room for n elements; they do not overlap. Exact:
/// float16 becomes float32, integers keep their value. Throws Error(bad_data) at a boolean that is neither 0 nor 1.
void decode_numbers(const StoredNumber& stored, ElementType element, const std::byte* in, std::size_t n,
                    std::byte* out);

/// The value that a stored number of this kind would have for `value`: rounded to its digits.
long double rounded_to(const StoredNumber& stored, long double value);

}  // namespace shoal
