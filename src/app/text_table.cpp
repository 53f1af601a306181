#include "app/text_table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "app/screen.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t apart = 2;

using Blocks = std::vector<std::pair<std::size_t, std::size_t>>;

/// The columns behind the first in pieces, of as many as fit beside it and at most `most`.
Blocks blocks_of(const std::vector<std::size_t>& widths, std::size_t width, std::size_t most) {
  Blocks blocks;
  std::size_t first = 1;
  do {
    std::size_t last = first, taken = widths[0];
    while (last < widths.size() && (last == first || (last - first < most && taken + apart + widths[last] <= width)))
      taken += apart + widths[last++];
    blocks.emplace_back(first, last);
    first = last;
  } while (first < widths.size());
  return blocks;
}

}  // namespace

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const std::vector<std::string>& cells : lines_)
    for (std::size_t column = 0; column < cells.size(); ++column)
      widths[column] = std::max(widths[column], display_width(cells[column]));
  return widths;
}

std::size_t TextTable::width() const {
  const std::vector<std::size_t> all = widths();
  return std::accumulate(all.begin(), all.end(), apart * (all.size() - 1));
}

std::string TextTable::line_of(const std::vector<std::string>& cells, const Block& block) const {
  std::string line;
  const auto append = [&](std::size_t column) {
    const std::string cell = column < cells.size() ? cells[column] : "";
    line += std::string(column > 0 ? apart : 0, ' ') + padded(cell, block.widths[column], columns_[column].left);
  };
  append(0);
  for (std::size_t column = block.first; column < block.last; ++column) append(column);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string TextTable::text(std::size_t width) const {
  const std::vector<std::size_t> all = widths();
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  const std::size_t n = columns_.size(), n_blocks = blocks_of(all, width, n).size();
  std::string text;
  for (const auto& [first, last] : blocks_of(all, width, (n - 1 + n_blocks - 1) / n_blocks)) {
    const Block block{first, last, all};
    text += (first > 1 ? "\n" : "") + line_of(titles, block);
    for (const std::vector<std::string>& cells : lines_) text += line_of(cells, block);
  }
  return text;
}

}  // namespace shoal::app
