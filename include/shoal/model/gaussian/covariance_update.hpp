/// From sums about the old means to scatter about the new ones.
#pragma once

#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"

namespace shoal {

/// Sums of one component about its centre c: n = sum w r, first = sum w r (x - c), and second: the packed lower
/// triangle of sum w r (x - c)(x - c)^T (full; tied, where it is taken), its diagonal (diag) or its trace (spherical).
/// With missing values every feature has a weight of its own.
struct ComponentSums {
  double n = 0;
  std::vector<double> first;
  std::span<const double> second;
  std::span<const double> observed;  ///< empty: n for every feature
  // Rows with noise:
  std::size_t component = 0;       ///< whose covariance turns the seconds into scatter
  std::vector<double> measured{};  ///< with one noise for all rows: what `first` is of the rows as they were measured

  [[nodiscard]] double weight(std::size_t d) const { return observed.empty() ? n : observed[d]; }
  /// m1 - c, the step of the mean; 0 where nothing was observed.
  [[nodiscard]] double step(std::size_t d) const { return weight(d) > 0 ? first[d] / weight(d) : 0; }
};

/// sum w r (x - m1)(x - m1)^T, D x D, its diagonal, 1 x D, or its trace, 1 x 1; and the weight behind each feature (the
/// trace: behind all).
struct Scatter {
  Matrix values;
  std::vector<double> weight;

  Scatter& operator+=(const Scatter& other);
  /// Scatter of a component about a point `beyond` (D) away from its mean.
  void add_step(const ComponentSums& component, std::span<const double> beyond);
};

/// The packed index of (i, j), j <= i.
[[nodiscard]] constexpr std::size_t packed(std::size_t i, std::size_t j) { return i * (i + 1) / 2 + j; }

/// Whether some mean moved in some feature by more than 1e3 standard deviations of the scatter about the new means that
/// is behind its covariance (each component's own, or one for all): the subtraction has then lost digits.
bool lost_digits(const ComponentSums& component, const Scatter& scatter);

/// second - n d d^T of one component, and the same of the diagonal and the trace.
Scatter triangle_scatter(const ComponentSums& sums);
Scatter squares_scatter(const ComponentSums& sums);
Scatter trace_scatter(const ComponentSums& sums);

/// The sum over components, whose `second` is one and the same: their shared triangle less each one's n d d^T.
Scatter tied_scatter(std::span<const ComponentSums> components);

/// The same by subtraction: the scatter of all rows about `mean`, less that of the components' means about it.
/// `centre` (D): what the sums of all components are about.
Scatter within_total(std::span<const ComponentSums> components, const Matrix& total, std::span<const double> mean,
                     std::span<const double> centre);

}  // namespace shoal
