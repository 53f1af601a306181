/// Tables outside HDF5, row by row, for `shoal convert`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shoal/io/storage.hpp"

namespace shoal {

/// Columns are given as columns_of (column_list.hpp) takes them; empty: none.
struct TableOptions {
  std::string header = "auto";     ///< auto, yes, no
  std::string delimiter = "auto";  ///< or one character, tab, space
  std::string columns;             ///< the features; empty: all that are neither ids nor labels
  std::string id_column;
  std::string label_column;
  std::string categorical;   ///< features that are texts, or "all"
  std::string folder = ".";  ///< what comes out of a pipe is kept here, in a file without a name
};

/// What a table has.
struct TableHead {
  std::size_t n_features = 0;
  std::vector<std::string> names;        ///< of the features, unlike one another; or none
  std::vector<std::size_t> categorical;  ///< the features whose cells are texts
  bool has_ids = false;
  bool has_labels = false;
  std::optional<ElementType> type;  ///< in which the file has its numbers
  std::vector<std::string> notes;   ///< what a person should know of how it was read
};

struct TableRow {
  std::span<const double> values;  ///< one per feature; NaN: missing, or a text
  /// Those of the categorical features, then the id, then the label, as far as there are any. Empty: missing (an id is
  /// as it stands there).
  std::span<const std::string_view> texts;
};

/// A rectangular table of numbers and texts.
class TableSource {
 public:
  TableSource() = default;
  TableSource(const TableSource&) = delete;
  TableSource& operator=(const TableSource&) = delete;
  virtual ~TableSource() = default;

  using Visit = std::function<void(const TableRow& row)>;
  /// Calls `visit` for every row in order; may be called again. Throws Error(bad_data) naming file, line, column.
  virtual void for_each_row(const Visit& visit) = 0;
  [[nodiscard]] virtual const TableHead& head() const = 0;
};

/// By the first bytes: an array of numpy's, else text. Throws Error: no_input, bad_data (what cannot be understood),
/// usage (unknown column, or an option that is not for such files).
std::unique_ptr<TableSource> open_table(const std::string& file, const TableOptions& options);

}  // namespace shoal
