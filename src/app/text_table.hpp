/// Tables of text that stay within a width.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shoal::app {

/// Cells are printable. Columns are two blanks apart, texts to the left of theirs, numbers to the right.
class TextTable {
 public:
  struct Column {
    std::string title;
    bool left = false;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Cells of the first columns; the others stay empty.
  void add(std::vector<std::string> cells) { lines_.push_back(std::move(cells)); }

  /// Columns of the screen that it takes in one piece.
  [[nodiscard]] std::size_t width() const;

  /// Where it does not fit into the width, in as few blocks below one another as can be, of about equally many columns
  /// and one at least; the first column stands in each.
  [[nodiscard]] std::string text(std::size_t width) const;

 private:
  /// Columns first to last, behind column 0.
  struct Block {
    std::size_t first, last;
    const std::vector<std::size_t>& widths;
  };
  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] std::string line_of(const std::vector<std::string>& cells, const Block& block) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace shoal::app
