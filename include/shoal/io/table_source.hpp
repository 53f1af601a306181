/// Tables outside HDF5, row by row, for `shoal convert`.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace shoal {

struct TableOptions {
  std::string header = "auto";  ///< auto, yes, no
  char delimiter = ',';
  std::string label_column;  ///< name or number; empty: none
  std::string folder = ".";  ///< CSV that comes out of a pipe is kept here, in a file without a name
};

/// A rectangular table of numbers with, perhaps, one column of labels as text. NaN: missing.
class TableSource {
 public:
  TableSource() = default;
  TableSource(const TableSource&) = delete;
  TableSource& operator=(const TableSource&) = delete;
  virtual ~TableSource() = default;

  using Visit = std::function<void(std::span<const double> values, const std::string& label)>;
  /// Calls `visit` for every row in order; may be called again. Throws Error(bad_data) naming file, line, column.
  virtual void for_each_row(const Visit& visit) = 0;
  [[nodiscard]] virtual std::size_t n_columns() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& names() const = 0;
};

/// By the file's ending: .npy, else CSV. Throws Error: no_input, bad_data (what cannot be understood), usage (unknown
/// label column).
std::unique_ptr<TableSource> open_table(const std::string& file, const TableOptions& options);
std::unique_ptr<TableSource> open_csv(const std::string& file, const TableOptions& options);
std::unique_ptr<TableSource> open_npy(const std::string& file);

}  // namespace shoal
