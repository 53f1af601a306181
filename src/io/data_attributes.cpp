#include "io/data_attributes.hpp"

#include "io/level_group.hpp"

namespace shoal {

void annotate(hid_t file, const DataHead& head) {
  const Hdf5Handle rows(H5Dopen2(file, "/X", H5P_DEFAULT), H5Dclose);
  if (!head.levels.empty()) write_attribute(rows, "levels", head.levels);
  if (!head.feature_names.empty()) write_attribute(rows, "feature_names", head.feature_names);
  write_levels(file, {head.feature_names, head.level_names});
}

}  // namespace shoal
