/// Whether a mixture's likelihood may be believed. That of normal components has no bound: it grows without limit where
/// one shrinks onto a few rows, or onto rows that lie in a plane (Day 1969; Ingrassia & Rocci 2011). Such optima say
/// nothing of the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/feature_names.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/shard.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

/// A variance less than this share of the rows' own is flat.
inline constexpr double least_spread = 1e-5;

struct ComponentHealth {
  double weight = 0;                                        ///< of rows, or responsibility sum
  double spread = std::numeric_limits<double>::infinity();  ///< Flattest::spread; infinite: has none
  std::vector<double> direction;                            ///< Flattest::direction
  bool small = false;                                       ///< fewer rows than a component of this kind needs
  bool flat = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& weight& spread& direction& small& flat;
  }
};

struct Soundness {
  std::vector<ComponentHealth> components;  ///< hard models: none

  [[nodiscard]] std::int64_t n_degenerate() const;
  [[nodiscard]] bool sound() const { return n_degenerate() == 0; }

  /// One sentence that names the components, their sizes and flattest directions; empty where all are sound.
  [[nodiscard]] std::string sentence(const FeatureNames& names) const;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& components;
  }
};

/// `moments` of all rows, `counts` the components' responsibility sums.
Soundness soundness_of(const ModelOptions& options, const ModelSize& size, const NamedArrays& parameters,
                       const std::vector<double>& counts, const ColumnMoments& moments, const DataSummary& summary);

/// Responsibility that a component of this kind needs, in the unit of weights: rows, or less where all weigh less.
double least_weight(const ModelOptions& options, std::size_t n_features, const DataSummary& summary);

}  // namespace shoal
