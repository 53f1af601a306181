#include "shoal/io/level_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/serialization/map.hpp>
#include <boost/serialization/utility.hpp>
#include <set>
#include <unordered_map>

#include "io/reader.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

void read_names(const Communicator& comm, std::vector<DatasetInfo>& datasets) {
  std::vector<std::pair<LevelNames, std::vector<std::string>>> found(datasets.size());  // and the files opened
  on_root(comm, [&] {
    Reader reader(Question::levels, pack(datasets), memory_for_headers);
    for (std::size_t i = 0; i < datasets.size(); ++i)
      unpack(reader.next(datasets[i].file), found[i].first, found[i].second);
  });
  broadcast_object(comm, found);
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    datasets[i].level_names = std::move(found[i].first);
    std::vector<std::string>& sources = datasets[i].storage.sources;
    sources.insert(sources.end(), found[i].second.begin(), found[i].second.end());
  }
}

void require_room(const DatasetInfo& info) {
  for (const auto& [feature, names] : info.level_names)
    if (feature < info.levels.size() && names.size() > static_cast<std::size_t>(info.levels[feature]))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}:/levels/{}: has {} names, but the attribute `levels` of {} says {} levels; make them "
                              "agree",
                              info.file, info.names().of(feature), names.size(), info.path, info.levels[feature]));
}

/// Which of the known levels each code stands for.
std::vector<Code> codes_by_name(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  std::unordered_map<std::string_view, Code> code_of;
  for (std::size_t code = 0; code < known.size(); ++code) code_of.emplace(known[code], static_cast<Code>(code));
  std::vector<Code> codes(std::max(names.size(), known.size()), unknown_code);
  for (std::size_t code = 0; code < names.size(); ++code)
    if (const auto found = code_of.find(names[code]); found != code_of.end()) codes[code] = found->second;
  return codes;
}

bool moves_a_code(const std::vector<Code>& codes) {
  for (std::size_t code = 0; code < codes.size(); ++code)
    if (codes[code] != unknown_code && codes[code] != code) return true;
  return false;
}

/// The names of the features whose codes become others.
std::vector<std::string> set_codes(const LevelNames& known, DatasetInfo& info) {
  std::vector<std::string> moved;
  for (const auto& [feature, names] : info.level_names) {
    const auto of_known = known.find(feature);
    if (of_known == known.end() || of_known->second == names) continue;
    std::vector<Code> codes = codes_by_name(names, of_known->second);
    if (moves_a_code(codes)) moved.push_back(info.names().of(feature));
    info.level_codes.emplace(feature, std::move(codes));
  }
  return moved;
}

void add_one_sided(const LevelNames& known, const DatasetInfo& info, std::set<std::size_t>& features) {
  for (const auto& [feature, names] : info.level_names)
    if (!known.contains(feature)) features.insert(feature);
  for (const auto& [feature, names] : known)
    if (!info.level_names.contains(feature)) features.insert(feature);
}

}  // namespace

std::vector<std::string> match_levels(const Communicator& comm, const RowKind& kind,
                                      const std::optional<LevelNames>& known, std::vector<DatasetInfo>& datasets) {
  if (kind.values != Values::codes) return {};
  read_names(comm, datasets);
  const LevelNames reference = known ? *known : datasets.front().level_names;
  const char* const whose = known ? "the model" : "the first file";
  std::vector<std::string> notes;
  std::set<std::size_t> one_sided;
  for (DatasetInfo& info : datasets) {
    require_room(info);
    const std::vector<std::string> moved = set_codes(reference, info);
    if (!moved.empty())
      notes.push_back(fmt::format("{}: levels of {} have other codes than in {}: they are matched by their names",
                                  info.name(), some_of(moved), whose));
    add_one_sided(reference, info, one_sided);
  }
  std::vector<std::string> by_code;
  for (const std::size_t feature : one_sided) by_code.push_back(datasets.front().names().of(feature));
  if (!by_code.empty())
    notes.push_back(fmt::format(
        "levels of {} have names either in the data or in {}, but not in both: they are matched by their codes",
        some_of(by_code), whose));
  return notes;
}

}  // namespace shoal
