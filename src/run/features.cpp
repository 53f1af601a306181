#include "shoal/run/features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {
namespace {

bool unique(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

/// Where each of the names stands in a data set.
std::vector<std::size_t> places_of(const std::vector<std::string>& names, const DatasetInfo& info,
                                   const std::string& owner) {
  std::map<std::string, std::size_t> places;
  for (std::size_t j = 0; j < info.feature_names.size(); ++j) places.emplace(info.feature_names[j], j);
  std::vector<std::size_t> found;
  for (const std::string& name : names) {
    const auto place = places.find(name);
    if (place == places.end())
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: has no feature {}, which {} has (here are {}, ...); give the same features, or "
                              "rename them",
                              info.name(), name, owner, info.feature_names.front()));
    found.push_back(place->second);
  }
  return found;
}

void match(DatasetInfo& info, const std::vector<std::string>& names, const std::string& owner) {
  if (names == info.feature_names) return;
  if (names.empty() || info.feature_names.empty()) {
    info.notes.push_back(fmt::format("features have names {}: they are taken by their position",
                                     names.empty() ? "here, but not in " + owner : "in " + owner + ", but not here"));
    return;
  }
  if (!unique(names) || !unique(info.feature_names)) {
    info.notes.emplace_back("some features have the same name: all are taken by their position");
    return;
  }
  const std::vector<std::size_t> places = places_of(names, info, owner);
  const std::size_t n = info.feature_names.size();
  info.notes.push_back(
      n == names.size()
          ? fmt::format("features stand in another order than in {}: matched by their names", owner)
          : fmt::format("{} of {} features are used, matched by the names that {} has", names.size(), n, owner));
  info.chosen_columns = info.n_columns;
  info.matched = places;
  choose_columns(info, places);
}

}  // namespace

void match_features(std::vector<DatasetInfo>& datasets, const std::vector<std::string>& names,
                    const std::string& owner) {
  for (DatasetInfo& info : datasets) match(info, names, owner);
}

}  // namespace shoal
