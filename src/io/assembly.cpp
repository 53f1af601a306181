#include "shoal/io/assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "shoal/core/error.hpp"
#include "shoal/core/option.hpp"
#include "shoal/io/column_list.hpp"

namespace shoal {
namespace {

bool is_float(ElementType type) { return type == ElementType::float32 || type == ElementType::float64; }

/// The type of a block's values once its packing is undone.
ElementType value_type(const ColumnBlock& block) {
  if (block.packing.scales()) return ElementType::float64;
  return !block.packing.may_miss() || is_float(block.type) ? block.type : ElementType::float64;
}

ElementType common(ElementType a, ElementType b) {
  if (a == b) return a;
  const bool wide = a == ElementType::uint64 || b == ElementType::uint64;
  return is_float(a) || is_float(b) || wide ? ElementType::float64 : ElementType::int64;
}

/// Names of the columns of parts side by side: their own where these tell them apart, else with the part before them.
std::vector<std::string> names_side_by_side(const std::vector<DatasetInfo>& parts) {
  std::vector<std::string> plain, full;
  for (const DatasetInfo& part : parts) {
    const std::string base = part.path.substr(part.path.rfind('/') + 1);
    for (std::int64_t j = 0; j < part.n_columns; ++j) {
      const auto named = static_cast<std::size_t>(j) < part.feature_names.size();
      const std::string name = named ? part.feature_names[static_cast<std::size_t>(j)] : std::to_string(j);
      full.push_back(part.n_columns == 1 && !named ? base : fmt::format("{}[{}]", base, name));
      plain.push_back(named ? name : full.back());
    }
  }
  return std::set<std::string>(plain.begin(), plain.end()).size() == plain.size() ? plain : full;
}

/// Keeps those of the sources that `used` tells, and numbers them anew in the blocks.
void drop_sources(DatasetInfo& info, const std::vector<bool>& used) {
  std::vector<std::size_t> place(used.size());
  std::vector<DatasetInfo> kept;
  for (std::size_t s = 0; s < used.size(); ++s) {
    place[s] = kept.size();
    if (used[s]) kept.push_back(std::move(info.sources[s]));
  }
  for (ColumnBlock& block : info.blocks) block.source = place[block.source];
  info.sources = std::move(kept);
}

/// Drops blocks none of whose columns is chosen, and then sources: what is not wanted need not be read.
void drop_unused(DatasetInfo& info) {
  std::int64_t n_all = 0;
  for (const ColumnBlock& block : info.blocks) n_all += block.n_columns;
  std::vector<std::int64_t> place(static_cast<std::size_t>(n_all), -1);
  for (const std::int64_t column : info.columns) place[static_cast<std::size_t>(column)] = 0;
  std::vector<ColumnBlock> kept;
  std::vector<bool> used(info.sources.size(), false);
  std::int64_t next = 0;
  auto first = place.begin();
  for (ColumnBlock& block : info.blocks) {
    const auto last = first + block.n_columns;
    if (std::find(first, last, 0) != last) {
      std::iota(first, last, next);
      next += block.n_columns;
      used[block.source] = true;
      kept.push_back(std::move(block));
    }
    first = last;
  }
  info.blocks = std::move(kept);
  for (std::int64_t& column : info.columns) column = place[static_cast<std::size_t>(column)];
  drop_sources(info, used);
}

/// First, last (excluded) and step of rows.
using RowChoice = std::array<std::int64_t, 3>;

RowChoice parse_rows(const std::string& text, std::int64_t n, const std::string& option) {
  constexpr std::int64_t most = std::int64_t{1} << 62U;
  const auto wrong = [&](const std::string& why) {
    return Error(ExitCode::usage, fmt::format("{} {}: {}", option, text, why));
  };
  RowChoice choice = {0, n, 1};
  std::size_t first = 0;
  for (std::size_t i = 0; first <= text.size(); ++i) {
    const std::size_t colon = std::min(text.find(':', first), text.size());
    const std::string part = text.substr(first, colon - first);
    const auto value = parse_number<std::int64_t>(part, i == 2 ? 1 : 0, most);
    if (i > 2 || (i == 0 && colon == text.size()) || (!value && !part.empty()))
      throw wrong("must be FIRST:LAST or FIRST:LAST:STEP, of whole numbers, STEP at least 1; each may be left out");
    if (value) choice.at(i) = *value;
    first = colon + 1;
  }
  if (choice[1] > n || choice[0] >= choice[1])
    throw wrong(fmt::format("there are {} rows, numbered from 0, and LAST is the first that is not used", n));
  return choice;
}

}  // namespace

std::string DatasetInfo::column_text(std::int64_t feature) const {
  const auto f = static_cast<std::size_t>(feature);
  const std::int64_t number = column_numbers.empty() ? feature : column_numbers[f];
  return f < feature_names.size() ? fmt::format("{} ({})", number, feature_names[f]) : fmt::format("{}", number);
}

void assemble(DatasetInfo& info) {
  if (info.assembled()) return;
  DatasetInfo source = info;
  source.notes.clear();
  source.warnings.clear();
  source.feature_names.clear();
  info.sources = {std::move(source)};
  info.blocks = {{0, 0, info.storage.number, info.type, info.n_columns, {}}};
  info.storage = {};
  info.storage.number = native_number(info.type);
  info.storage.sources = info.sources.front().storage.sources;
}

DatasetInfo side_by_side(std::vector<DatasetInfo> parts, const std::string& path) {
  DatasetInfo all;
  all.file = parts.front().file;
  all.path = path;
  all.rank = 2;
  all.n_rows = parts.front().n_rows;
  all.n_columns = 0;
  all.feature_names = names_side_by_side(parts);
  for (DatasetInfo& part : parts) {
    if (part.n_rows != all.n_rows)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: has {} rows, {} has {}; data sets side by side must have equally many", part.name(),
                              part.n_rows, parts.front().path, all.n_rows));
    assemble(part);
    for (ColumnBlock block : part.blocks) {
      block.source += all.sources.size();
      all.blocks.push_back(std::move(block));
    }
    all.n_columns += part.n_columns;
    std::ranges::copy(part.levels, std::back_inserter(all.levels));
    for (const std::string& note : part.notes) all.notes.push_back(part.path + ": " + note);
    for (const std::string& warning : part.warnings) all.warnings.push_back(part.path + ": " + warning);
    std::ranges::copy(part.storage.sources, std::back_inserter(all.storage.sources));
    std::ranges::move(part.sources, std::back_inserter(all.sources));
  }
  if (all.levels.size() != static_cast<std::size_t>(all.n_columns)) {
    if (!all.levels.empty())
      all.warnings.emplace_back("only some of the columns have the attribute `levels`: it is ignored");
    all.levels.clear();
  }
  settle_type(all);
  return all;
}

void choose_columns(DatasetInfo& info, const std::vector<std::size_t>& chosen) {
  assemble(info);
  const auto choose = [&]<class Value>(std::vector<Value>& values) {
    if (values.empty()) return;
    std::vector<Value> kept;
    for (const std::size_t column : chosen) kept.push_back(values.at(column));
    values = std::move(kept);
  };
  for (std::vector<std::int64_t>* numbers : {&info.columns, &info.column_numbers}) {
    if (!numbers->empty()) continue;
    numbers->resize(static_cast<std::size_t>(info.n_columns));
    std::iota(numbers->begin(), numbers->end(), std::int64_t{0});
  }
  if (info.stored_columns == 0) info.stored_columns = info.n_columns;
  choose(info.columns);
  choose(info.column_numbers);
  choose(info.levels);
  choose(info.feature_names);
  info.n_columns = static_cast<std::int64_t>(info.columns.size());
  drop_unused(info);
  settle_type(info);
}

void choose_columns(DatasetInfo& info, const std::string& list) {
  const auto chosen =
      columns_of(list, static_cast<std::size_t>(info.n_columns), info.feature_names, info.name() + ": --columns");
  if (chosen.empty())
    throw Error(ExitCode::usage, fmt::format("{}: --columns {}: no column is left", info.name(), list));
  choose_columns(info, chosen);
}

void settle_type(DatasetInfo& info) {
  info.type = value_type(info.blocks.front());
  for (const ColumnBlock& block : info.blocks) info.type = common(info.type, value_type(block));
  info.storage.number = native_number(info.type);
}

void choose_rows(std::vector<DatasetInfo>& datasets, const std::string& rows, const std::string& option) {
  const auto [first, last, step] = parse_rows(rows, total_rows(datasets), option);
  std::int64_t start = 0;  // of a data set, in all
  for (DatasetInfo& info : datasets) {
    const std::int64_t next = first >= start ? first - start : (step - (start - first) % step) % step;
    const std::int64_t end = std::min(info.n_rows, last - start);
    start += info.n_rows;
    assemble(info);
    info.first_row = next;
    info.row_step = step;
    info.n_rows = next < end ? (end - next - 1) / step + 1 : 0;
  }
}

std::vector<const DatasetInfo*> stored_of(const DatasetInfo& info) {
  if (!info.assembled()) return {&info};
  std::vector<const DatasetInfo*> stored;
  for (const DatasetInfo& source : info.sources) stored.push_back(&source);
  return stored;
}

}  // namespace shoal
