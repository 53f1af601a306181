#include "io/data_attributes.hpp"

namespace shoal {

void annotate(hid_t dataset, const DataHead& head) {
  if (!head.levels.empty()) write_attribute(dataset, "levels", head.levels);
  if (!head.feature_names.empty()) write_attribute(dataset, "feature_names", head.feature_names);
}

}  // namespace shoal
