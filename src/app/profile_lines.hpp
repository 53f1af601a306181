/// A model's profile in words and short numbers: a line a feature, or a line a level.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shoal/run/profile.hpp"

namespace shoal::app {

/// What of a profile is shown.
struct Shown {
  std::vector<std::size_t> clusters, features;
  std::size_t levels_each = 0;  ///< of a feature, at most

  /// Everything, in the order of files; or the largest clusters and the features that set them apart most, the latter
  /// in this order where any are left out.
  static Shown of(const Profile& profile, bool all);
};

struct ProfileLine {
  std::string name;
  std::string apart;                            ///< of features
  std::vector<std::string> values, deviations;  ///< of the shown clusters; headings have none

  [[nodiscard]] bool is_heading() const { return values.empty(); }
};

/// Lines of the shown features; of codes with several columns a heading and a line a level, those that are most
/// frequent over all.
std::vector<ProfileLine> profile_lines(const Profile& profile, const FeatureNames& names, const Shown& shown);

}  // namespace shoal::app
