/// Features on scales of their own.
#pragma once

#include <cstddef>
#include <vector>

namespace shoal {

/// What a model's rows had done to their values: (x - center) / scale, feature by feature. Its parameters are in these
/// units.
struct Scaling {
  std::vector<double> center;  ///< D, finite; empty: values are as the data have them
  std::vector<double> scale;   ///< D, finite and positive

  [[nodiscard]] bool empty() const { return center.empty(); }
  [[nodiscard]] double scaled(double value, std::size_t feature) const {
    return (value - center[feature]) / scale[feature];
  }
  /// In the data's units.
  [[nodiscard]] double unscaled(double value, std::size_t feature) const {
    return value * scale[feature] + center[feature];
  }

  bool operator==(const Scaling&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& center& scale;
  }
};

}  // namespace shoal
