/// How clearly the rows belong to one component or another of a mixture.
#pragma once

#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// A row whose greatest responsibility is less is ambiguous.
inline constexpr double clear_responsibility = 0.8;

/// Two components with an overlap beyond this stand for the same rows.
inline constexpr double near_duplicates = 0.95;

struct Separation {
  double entropy = 0;    ///< nats: of responsibilities, - sum of w r ln r over rows and components
  double ambiguous = 0;  ///< share of the weight
  /// K x K: the cosine of two components' responsibilities, over the rows; empty where there are over 256 components.
  Matrix overlap;

  /// 1 where every row is clear, 0 where nothing is known (Ramaswamy et al. 1993). @pre weight > 0
  [[nodiscard]] double entropy_r2(double total_weight, std::size_t n_clusters) const;
};

/// One pass. Collective. @pre A mixture.
template <class Row>
Separation separation_of(const Model<Row>& model, const RowPass<Row>& pass);

}  // namespace shoal
