/// What a search compares.
#pragma once

#include "shoal/model/soundness.hpp"

namespace shoal {

struct Candidate {
  NamedArrays parameters;  ///< empty: there is none
  double objective = 0;    ///< over the sample
  std::vector<double> counts;
  Soundness soundness;
  double passes = 0;  ///< E-steps of K clusters over the sample that it took; seeding does not count

  [[nodiscard]] bool exists() const { return !parameters.empty(); }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& parameters& objective& counts& soundness& passes;
  }
};

/// Whether a is to be preferred: fewer degenerate components, a sound one first, then the objective, which must differ
/// by more than `margin`.
inline bool better(const Candidate& a, const Candidate& b, bool minimises, double margin = 0) {
  if (!a.exists() || !b.exists()) return a.exists();
  const std::int64_t bad = a.soundness.n_degenerate(), others = b.soundness.n_degenerate();
  if (bad != others) return bad < others;
  return minimises ? a.objective < b.objective - margin : a.objective > b.objective + margin;
}

}  // namespace shoal
