/// Finding and describing data sets: headers only, read by one rank for all.
#pragma once

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/feature_names.hpp"
#include "shoal/io/storage.hpp"
#include "shoal/math/code_kernels.hpp"

namespace shoal {

/// What attributes say of stored values (CF, section 8.1 and 2.5.1): value = stored x scale + offset; those that are
/// listed or beyond the limits, all as stored, are missing.
struct Packing {
  double scale = 1;
  double offset = 0;
  std::vector<long double> missing;  ///< each is a value of the stored type
  long double least = -std::numeric_limits<long double>::infinity();
  long double greatest = std::numeric_limits<long double>::infinity();

  [[nodiscard]] bool scales() const { return scale != 1 || offset != 0; }
  [[nodiscard]] bool may_miss() const { return !missing.empty() || std::isfinite(least) || std::isfinite(greatest); }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& scale& offset& missing& least& greatest;
  }
};

/// Columns that lie side by side in the rows of one source, and are alike.
struct ColumnBlock {
  std::size_t source = 0;        ///< of DatasetInfo::sources
  std::uint64_t first_byte = 0;  ///< in a row of it
  StoredNumber number;           ///< as it lies there
  ElementType type = ElementType::float64;
  std::int64_t n_columns = 1;
  Packing packing;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& source& first_byte& number& type& n_columns& packing;
  }
};

/// How rows lie in what is stored: elements of an array, records of a compound type (its rows are bytes), or a group
/// with a compressed sparse row matrix.
enum class Form { array, records, sparse };

/// Rows and features as they are stored, or assembled: chosen rows of `sources`, which have equally many, side by side.
struct DatasetInfo {
  std::string file;
  std::string path;  ///< several, with commas between them, where they were named so
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 1;  ///< 1 for one-dimensional ones
  int rank = 0;
  ElementType type = ElementType::float64;  ///< in which its numbers are handed on
  Storage storage;
  std::vector<std::int64_t> levels;  ///< attribute `levels`, empty if none
  std::vector<std::string> feature_names;
  LevelNames level_names{};  ///< /levels, once match_levels has looked at it
  std::map<std::size_t, std::vector<Code>>
      level_codes{};  ///< where codes stand for others: of which level (level_names.hpp)

  Form form = Form::array;
  std::vector<std::int64_t> shape;     ///< of the stored array
  std::vector<std::int64_t> row_axes;  ///< its axes that make the rows, in this order; the others make the features

  std::vector<DatasetInfo> sources;  ///< empty: not assembled
  std::vector<ColumnBlock> blocks;
  std::vector<std::int64_t> columns;         ///< which of all blocks' columns are the features; empty: all
  std::vector<std::int64_t> column_numbers;  ///< of the features, as a person counts them; empty: from 0
  std::int64_t stored_columns = 0;           ///< of which these were chosen; 0: all are features
  std::vector<std::size_t> matched;  ///< which of those that were chosen, by their names (run/features.hpp); empty: all
  std::int64_t chosen_columns = 0;   ///< before they were matched
  std::int64_t first_row = 0;        ///< of the sources: this one and each row_step-th after it
  std::int64_t row_step = 1;

  std::vector<std::string> notes;  ///< what a person should know of how it is read
  std::vector<std::string> warnings;

  [[nodiscard]] bool assembled() const { return !sources.empty(); }
  [[nodiscard]] FeatureNames names() const { return {feature_names, level_names}; }
  [[nodiscard]] std::string name() const { return file + ":" + path; }
  [[nodiscard]] std::size_t row_bytes() const { return static_cast<std::size_t>(n_columns) * size_of(type); }
  /// The number of a row in its file.
  [[nodiscard]] std::int64_t file_row(std::int64_t row) const { return first_row + row * row_step; }
  /// "3", or "3 (height)": the number of a feature in its file, and its name.
  [[nodiscard]] std::string column_text(std::int64_t feature) const;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& file& path& n_rows& n_columns& rank& type& storage& levels& feature_names& form& shape& row_axes& sources&
        blocks& columns& column_numbers& stored_columns& matched& chosen_columns& first_row& row_step& notes& warnings;
  }
};

/// How a person wants rows and features to be taken from what is stored.
struct ShapeOptions {
  std::string columns;   ///< a list (column_list.hpp); empty: all
  std::string rows;      ///< FIRST:LAST:STEP over all data sets; empty: all
  std::string row_axes;  ///< numbers of axes by commas; empty: the first of two
  bool transpose = false;
  bool no_attributes = false;
  std::vector<long double> missing_values;  ///< compared, rounded to each stored type, where columns are assembled

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& columns& rows& row_axes& transpose& no_attributes& missing_values;
  }
};

/// What a person writes for data: `file.h5`, `file.h5:/path/to/dataset` or `file.h5:/a,/b`.
struct DatasetName {
  std::string file;
  std::string path;  ///< empty: to be found
};
DatasetName parse_dataset_name(const std::string& text);

/// Of data sets that are read as one.
std::int64_t total_rows(const std::vector<DatasetInfo>& datasets);
bool all_float32(const std::vector<DatasetInfo>& datasets);

/// Which data sets qualify where no path is given; ids are always named.
enum class Wanted { matrix, labels, ids };

/// Describes what is named (ids that are texts of one size as rows of bytes, rank 2): with no path /X or the file's
/// only two-dimensional numeric data set (matrix), /labels or the only one-dimensional integer one (labels). A matrix
/// may be named as several data sets side by side, a compound table, a group of columns, of chunks (a data set each) or
/// of a sparse matrix. Throws Error: no_input (a missing file, also behind a link), bad_data (not HDF5, truncated, no
/// such data set, several candidates, not numeric, a filter that is not to be had), usage (impossible columns, rows or
/// axes). The files' headers are read in a process of their own (reader_process.hpp). Not collective.
std::vector<DatasetInfo> describe_here(const std::vector<std::string>& names, Wanted wanted,
                                       const ShapeOptions& shape = {});

/// The same by rank 0, for all ranks. Collective.
std::vector<DatasetInfo> describe_datasets(const Communicator& comm, const std::vector<std::string>& names,
                                           Wanted wanted, const ShapeOptions& shape = {});

/// One data set as it is found, usable or not.
struct FoundDataset {
  std::string path;
  std::string shape;   ///< "1797 x 64"
  std::string type;    ///< element type, or "other"
  std::string layout;  ///< "contiguous", "chunks of 100 rows", "... compressed"

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& path& shape& type& layout;
  }
};

/// What any HDF5 file holds, for `shoal info`.
struct FileSummary {
  std::string format;  ///< root attribute, empty for plain data
  std::vector<FoundDataset> datasets;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& format& datasets;
  }
};

/// Not collective. Throws as open_file does.
FileSummary summarise_file(const std::string& file);

}  // namespace shoal
