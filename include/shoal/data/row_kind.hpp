/// What the values of a data set may be, and how its rows are held.
#pragma once

#include <string_view>

namespace shoal {

/// Numbers and counts are held as float or double, codes packed (row_coding.hpp).
enum class Values { numbers, counts, codes, bits };

struct RowKind {
  Values values = Values::numbers;
  std::string_view refusal;  ///< of a value that cannot be one: what it is not, and what to do

  [[nodiscard]] bool coded() const { return values == Values::codes || values == Values::bits; }
};

}  // namespace shoal
