#include "shoal/core/feature_names.hpp"

#include <algorithm>

namespace shoal {

std::string FeatureNames::of(std::size_t feature) const {
  return feature < features.size() ? features[feature] : std::to_string(feature);
}

const std::string* FeatureNames::of_level(std::size_t feature, std::size_t code) const {
  const auto found = levels.find(feature);
  return found == levels.end() || code >= found->second.size() ? nullptr : &found->second[code];
}

std::string some_of(const std::vector<std::string>& texts, std::size_t most, const std::string& separator) {
  const std::size_t shown = std::min(most, texts.size());
  std::string list;
  for (std::size_t i = 0; i < shown; ++i) list += (i == 0 ? "" : separator) + texts[i];
  if (shown < texts.size()) list += " and " + std::to_string(texts.size() - shown) + " more";
  return list;
}

}  // namespace shoal
