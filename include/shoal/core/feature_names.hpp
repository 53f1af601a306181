/// What the data call their features, and the levels of those that are categorical.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace shoal {

/// Names of levels in the order of their codes, by the number of the feature. A feature that is not in it, and a code
/// beyond the list, has none.
using LevelNames = std::map<std::size_t, std::vector<std::string>>;

struct FeatureNames {
  std::vector<std::string> features;  ///< D, or none
  LevelNames levels;

  /// A feature's name, or its number where it has none.
  [[nodiscard]] std::string of(std::size_t feature) const;

  /// Null where the level has none.
  [[nodiscard]] const std::string* of_level(std::size_t feature, std::size_t code) const;
};

/// "a, b, c and 4 more".
std::string some_of(const std::vector<std::string>& texts, std::size_t most = 3, const std::string& separator = ", ");

}  // namespace shoal
