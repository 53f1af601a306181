/// From the elements of a slice to rows as they are held, each value looked at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shoal/io/shard_reader.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {

/// Where a value stands, for messages.
struct Place {
  const Slice& slice;
  std::int64_t row;
  std::int64_t column;

  [[noreturn]] void fail(const std::string& why) const;
  [[noreturn]] void fail(long double value, const std::string& why) const;
};

/// The options with missing values rounded to the type of a data set, or none where an assembly has made them NaN.
ReadOptions for_dataset(const ReadOptions& options, const DatasetInfo& dataset);

/// A level, or missing_code; what cannot be one fails with a remedy.
Code checked_level(long double value, const ReadOptions& options, const Place& place);

/// Whether a row of a slice was left out before its values are looked at.
template <class Row>
bool is_masked(const Shard<Row>& shard, const Slice& slice, std::int64_t row) {
  return !shard.used.empty() && shard.used[static_cast<std::size_t>(slice.first_row + row - shard.rows().first)] == 0;
}

/// The codes of a row become those of the model, or of the first file, whose names of levels they were matched with. A
/// level that it does not have fails with a remedy.
void translate_levels(std::vector<Code>& row, const ReadOptions& options, Place place);

/// Puts the rows of a slice where the shard holds them. Missing real entries become NaN; a row that is left out
/// (--missing skip) becomes zeros and not used, in shard.used, which then has a place for each row; one that is masked
/// there already becomes zeros, whatever it holds. The rows as held go into shard.digest. Several threads may store
/// different rows. Throws Error(bad_data) on a value that cannot be used.
template <class Row>
void store_slice(const Slice& slice, const ReadOptions& options, Shard<Row>& shard);

}  // namespace shoal
