#include "shoal/io/column_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {}  // namespace

std::vector<std::string> entries_of(const std::string& list) {
  std::vector<std::string> entries;
  for (std::size_t first = 0; first <= list.size();) {
    const std::size_t comma = std::min(list.find(',', first), list.size());
    entries.push_back(list.substr(first, comma - first));
    first = comma + 1;
  }
  return entries;
}

namespace {

std::string_view without_caret(std::string_view entry) {
  if (entry.starts_with('^')) entry.remove_prefix(1);
  return entry;
}

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

using Span = std::pair<std::size_t, std::size_t>;

/// First and last (excluded) of FIRST:LAST; nothing where the text is no range.
std::optional<Span> range_of(std::string_view entry, std::size_t n) {
  const std::size_t colon = entry.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view left = entry.substr(0, colon), right = entry.substr(colon + 1);
  const auto first = left.empty() ? std::optional<std::size_t>(0) : whole_number(left);
  const auto last = right.empty() ? std::optional<std::size_t>(n) : whole_number(right);
  if (!first || !last) return std::nullopt;
  return Span(*first, *last);
}

/// Names for a message, not all where there are many.
std::string some_names(const std::vector<std::string>& names, std::size_t n) {
  if (names.empty()) return fmt::format("it has {} columns, without names", n);
  constexpr std::size_t most = 12;
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(n, most)));
  return fmt::format("it has {} columns: {}{}", n, fmt::join(first, ", "), n > most ? ", ..." : "");
}

/// What one entry means in a table.
class Finder {
 public:
  Finder(std::size_t n, const std::vector<std::string>& names, const std::string& what)
      : n_(n), names_(names), what_(what) {}

  [[nodiscard]] Span find(std::string_view entry) const {
    const auto number = whole_number(entry);
    if (number && *number < n_) return {*number, *number + 1};
    const auto named = std::ranges::find(names_, entry);
    if (named != names_.end()) {
      if (std::find(named + 1, names_.end(), entry) != names_.end())
        fail(entry, "several columns have this name; give the number of one");
      const auto place = static_cast<std::size_t>(named - names_.begin());
      return {place, place + 1};
    }
    const auto range = range_of(entry, n_);
    if (!range) fail(entry, "no such column; " + some_names(names_, n_));
    if (range->first >= range->second || range->second > n_)
      fail(entry, fmt::format("columns are numbered from 0 to {}, and the end of a range is not in it", n_ - 1));
    return *range;
  }

 private:
  [[noreturn]] void fail(std::string_view entry, const std::string& why) const {
    throw Error(ExitCode::usage, fmt::format("{} {}: {}", what_, entry, why));
  }
  std::size_t n_;
  const std::vector<std::string>& names_;
  const std::string& what_;
};

}  // namespace

bool has_names(const std::string& list, std::size_t n) {
  const auto is_name = [&](const std::string& entry) {
    const std::string_view text = without_caret(entry);
    const auto number = whole_number(text);
    return !(number && *number < n) && !range_of(text, n);
  };
  return std::ranges::any_of(entries_of(list), is_name);
}

std::vector<std::size_t> columns_of(const std::string& list, std::size_t n, const std::vector<std::string>& names,
                                    const std::string& what) {
  const std::vector<std::string> entries = entries_of(list);
  const Finder finder(n, names, what);
  const bool all_but = std::ranges::all_of(entries, [](const std::string& entry) { return entry.starts_with('^'); });
  std::vector<bool> chosen(n, all_but);
  std::vector<std::size_t> columns(all_but ? n : 0);
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  for (const std::string& entry : entries) {
    if (entry.starts_with('^')) continue;
    const auto [first, last] = finder.find(entry);
    for (std::size_t column = first; column < last; ++column) {
      if (!chosen[column]) columns.push_back(column);
      chosen[column] = true;
    }
  }
  for (const std::string& entry : entries) {
    if (!entry.starts_with('^')) continue;
    const auto [first, last] = finder.find(without_caret(entry));
    std::fill(chosen.begin() + static_cast<std::ptrdiff_t>(first), chosen.begin() + static_cast<std::ptrdiff_t>(last),
              false);
  }
  std::erase_if(columns, [&](std::size_t column) { return !chosen[column]; });
  return columns;
}

}  // namespace shoal
