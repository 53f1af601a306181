/// What a fit remembers of its rows from one nearest-centre search to the next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/distance.hpp"

namespace shoal {

/// Proves that a row stays with its centre without a look at the others, by the triangle inequality, which the L1 norm
/// satisfies as well: either the row is nearer to its centre than half the way from there to any other (Elkan 2003), or
/// nearer than the second nearest centre can have come since the last search (Hamerly 2010). Bounds allow for every
/// rounding of the kernels, so a proved label is the one that the search would find, ties included; what is proved
/// saves work and changes no bit.
///
/// 4 bytes per row for the labels, 4 for the bounds.
template <class T>
class NearestBounds {
 public:
  /// Of n rows, with bounds or with labels alone. No label is known yet.
  void begin(std::size_t n_rows, bool bounded);
  void end();

  [[nodiscard]] bool empty() const { return labels_.empty(); }
  [[nodiscard]] bool bounded() const { return !second_.empty(); }
  [[nodiscard]] std::span<const std::int32_t> labels() const { return labels_; }
  [[nodiscard]] std::span<std::int32_t> labels() { return labels_; }

  /// The centres became other ones: nothing is known.
  void forget();

  /// Each of the K x D centres moved from its row of `before` to its row of `after`, which the kernels hold as
  /// `kernel_centres`, relative to an origin. Nothing is known where their number changed.
  void move(Metric metric, const Matrix& before, const Matrix& after, std::span<const T> kernel_centres);

  /// A search in T or in float found this label of a row, which the caller keeps, and this second least measure
  /// (squared for the Euclidean metric). Only where bounded.
  template <class U>
  void found(std::size_t row, std::int32_t label, U second);

  /// Whether a label of a row is proved, at this measure from its centre.
  [[nodiscard]] bool proves(std::size_t row, std::int32_t label, T measure) const {
    const auto k = static_cast<std::size_t>(label);
    const double bound = std::max(0.0, shrink_ * (static_cast<double>(second_[row]) - moved_[k]) - slack_);
    return static_cast<double>(measure) < std::max(half_way_[k], squared_ ? bound * bound * below_one : bound);
  }

 private:
  static constexpr double below_one = 1 - 1e-15;
  /// How far a kernel's distance may be from the true one.
  struct Rounding {
    double relative = 0, absolute = 0;
    Rounding() = default;
    Rounding(double epsilon, double least, std::size_t n_features, double largest_norm);
  };
  void find_half_ways(Metric metric, std::size_t n_features, std::span<const T> kernel_centres);

  std::vector<std::int32_t> labels_;
  std::vector<float> second_;     ///< a bound of the distance to all other centres, plus moved_ at that time
  std::vector<double> moved_;     ///< for each centre: how far any other can have moved since the beginning, summed up
  std::vector<double> half_way_;  ///< for each centre: half the way to the nearest other, as a measure
  bool squared_ = false;
  Rounding rounding_;         ///< in T
  Rounding narrow_rounding_;  ///< in float
  double shrink_ = 1;
  double slack_ = 0;
};

}  // namespace shoal
