#include "app/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "app/terminal.hpp"
#include "shoal/core/utf8.hpp"

namespace shoal::app {
namespace {

struct Range {
  char32_t first, last;
};

constexpr std::array marks = {Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},
                              Range{0x64B, 0x65F},   Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                              Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

constexpr std::array wide = {Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0xA4CF},
                             Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
                             Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
                             Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

bool is_among(const auto& ranges, char32_t code) {
  return std::ranges::any_of(ranges, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

/// A printable text's characters, and the columns of each.
struct Character {
  std::string_view text;
  std::size_t width;
};

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> all;
  while (!text.empty()) {
    char32_t code = 0;
    const std::size_t length = std::max<std::size_t>(1, decode_utf8(text, code));
    all.push_back({text.substr(0, length), is_among(marks, code) ? 0U : is_among(wide, code) ? 2U : 1U});
    text.remove_prefix(length);
  }
  return all;
}

}  // namespace

bool is_read_by_a_person() {
  const bool below_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;  // NOLINT: nobody changes it
  return !below_mpirun && isatty(STDOUT_FILENO) != 0;
}

std::size_t screen_width() {
  constexpr std::size_t usual = 80, least = 40;
  winsize size{};
  if (!is_read_by_a_person() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return std::max<std::size_t>(least, size.ws_col);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const Character& character : characters_of(text)) width += character.width;
  return width;
}

std::string fitted(std::string_view name, std::size_t width, Kept kept) {
  const std::string text = printable(name, 2 * width + 8);
  if (display_width(text) <= width) return text;
  constexpr std::string_view gap = "..";
  const std::vector<Character> all = characters_of(text);
  const std::size_t room = width - std::min(width, gap.size()), tail = kept == Kept::end ? room : room / 3;
  std::size_t begin = 0, end = all.size();
  for (std::size_t used = 0; end > 0 && used + all[end - 1].width <= tail;) used += all[--end].width;
  std::string shown;
  for (std::size_t used = 0; begin < end && used + all[begin].width <= room - tail; ++begin) {
    used += all[begin].width;
    shown += all[begin].text;
  }
  shown += gap;
  for (; end < all.size(); ++end) shown += all[end].text;
  return shown;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::size_t taken = display_width(text);
  const std::string blanks(taken < width ? width - taken : 0, ' ');
  return left ? text + blanks : blanks + text;
}

std::string wrapped_at(std::string_view text, std::size_t indent, std::size_t width) {
  std::string result;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    const std::size_t length = display_width(word);
    if (column > indent && column + 1 + length > width) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) result += ' ', ++column;
    result += word;
    column += length;
    text.remove_prefix(std::min(text.size(), space + 1));
  }
  return result;
}

}  // namespace shoal::app
