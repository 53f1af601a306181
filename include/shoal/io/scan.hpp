/// The fits of a scan over numbers of clusters and kinds of models: what is told of each, and what is kept of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "shoal/core/named_array.hpp"
#include "shoal/model/start_progress.hpp"

namespace shoal {

/// A fit of a scan. A number that does not apply, or is not known, is NaN.
struct ScanLine {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n_clusters = 0;  ///< of the fit: --empty-cluster drop may leave fewer than were asked for
  std::string kind;             ///< covariance type, or what else the family has kinds of; empty: has none
  double objective = unknown;
  double log_likelihood = unknown;  ///< mixtures, as are the next five
  std::int64_t n_parameters = 0;
  double bic = unknown, aic = unknown, icl = unknown;
  double entropy_r2 = unknown;
  double remaining_gain = unknown;  ///< nats, in all
  double silhouette = unknown;      ///< hard models, as are the next two
  double calinski_harabasz = unknown;
  double below_chord = unknown;  ///< run/criteria.hpp; known when all fits are done
  std::int64_t n_iterations = 0;
  std::int64_t n_passes = 0;
  bool converged = true;
  bool sound = true;
  bool chosen = false;
  std::string failure;  ///< why there is no fit of this kind; all numbers are unknown then

  [[nodiscard]] bool failed() const { return std::isnan(objective); }
  [[nodiscard]] bool eligible() const { return converged && sound; }
  [[nodiscard]] std::string health() const {
    return failed() ? "failed" : !sound ? "degenerate" : converged ? "sound" : "unconverged";
  }

  /// Visits name and value of every number that a family has, in the order of files.
  template <class Self, class Visit>
  static void visit_numbers(Self& self, bool mixture, Visit&& visit) {
    visit("n_clusters", self.n_clusters);
    visit("objective", self.objective);
    if (mixture) {
      visit("log_likelihood", self.log_likelihood);
      visit("n_parameters", self.n_parameters);
      visit("bic", self.bic);
      visit("aic", self.aic);
      visit("icl", self.icl);
      visit("entropy_r2", self.entropy_r2);
      visit("remaining_gain", self.remaining_gain);
    } else {
      visit("silhouette", self.silhouette);
      visit("calinski_harabasz", self.calinski_harabasz);
      visit("below_chord", self.below_chord);
    }
    visit("n_iterations", self.n_iterations);
    visit("n_passes", self.n_passes);
    visit("converged", self.converged);
    visit("sound", self.sound);
    visit("chosen", self.chosen);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& kind;
    visit_numbers(*this, true, [&](const char*, auto& value) { archive& value; });
    archive& silhouette& calinski_harabasz& below_chord& failure;
  }
};

/// /selection of model files.
struct ScanTable {
  std::string criterion;
  std::vector<ScanLine> lines;  ///< empty: there was no scan

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& criterion& lines;
  }
};

/// A fit that may be chosen, from which its last pass can be made again.
struct KeptFit {
  std::int64_t line = 0;
  StartProgress starts;  ///< with its parameters and state; what searches found is left out
};

/// The fits of a scan that have ended: all that a restart needs of them.
struct ScanProgress {
  std::vector<ScanLine> lines;
  std::vector<KeptFit> kept;
  NamedArrays last;  ///< parameters of the last one, from which the next may start
};

}  // namespace shoal
