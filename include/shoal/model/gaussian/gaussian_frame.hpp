/// What Gaussian components of every kind are to the kernels: where means and sums stand, and what a tile needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "shoal/core/large_vector.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/data/origin.hpp"
#include "shoal/math/row_groups.hpp"
#include "shoal/math/scatter.hpp"
#include "shoal/model/gaussian/covariance_update.hpp"
#include "shoal/model/gaussian/moment_form.hpp"
#include "shoal/model/gaussian/tile_gaps.hpp"

namespace shoal {

/// How the sums of a pass are taken, each component's about its centre.
enum class SumsTaken {
  about_means,   ///< the centres are the means
  by_moments,    ///< the centres are the origin, about which the moments that scored a row are
  firsts_alone,  ///< the same, and there are no seconds: the scatter follows from that of all rows (tied)
  recentred      ///< the centres are seeds, or nearer to the next means than the means are
};

/// The parameters as the kernels see them. T is the type in which rows are multiplied.
template <class T>
struct GaussianFrame {
  /// of: K x D means.
  explicit GaussianFrame(const Matrix& of)
      : n_clusters(of.rows),
        n_features(of.columns),
        tile_rows(tile_rows_for(of.rows, of.columns, sizeof(T))),
        origin(origin_of<T>(of)),
        means(shifted<T>(of, origin)),
        centres(means) {}

  void sum_about_origin(SumsTaken how) {
    sums = how;
    std::ranges::fill(centres, T(0));
  }
  void recentre(const Matrix& about) {
    sums = SumsTaken::recentred;
    centres = shifted<T>(about, origin);
  }

  std::size_t n_clusters;
  std::size_t n_features;
  std::size_t tile_rows;
  std::vector<T> origin;   ///< D
  std::vector<T> means;    ///< K x D, less origin
  std::vector<T> centres;  ///< K x D, less origin
  SumsTaken sums = SumsTaken::about_means;
  // With the covariances (GaussianKernels::prepare).
  std::vector<double> log_peak;       ///< K, ln of the density at the mean; empty: missing values, rows differ in it
  std::vector<double> log_most;       ///< K, for truncation.hpp where rows differ in it; empty: log_peak
  std::optional<MomentForm<T>> form;  ///< what scores rows, where it loses no digits
};

/// What the sums of a pass say: an M-step's means, and the scatter about them.
struct GaussianStep {
  Matrix means;                           ///< K x D; a component or feature without weight stays
  std::vector<ComponentSums> components;  ///< K, from which the scatter of each follows
  std::optional<Scatter> shared;          ///< tied: of all in one
  bool lost_digits = false;               ///< the sums were taken too far from the means for that
};

/// The rows of a tile, and scratch of one thread.
template <class T>
struct GaussianTile {
  GaussianTile(const GaussianFrame<T>& frame, std::size_t n_moments)
      : rows(n_groups<T>(frame.tile_rows) * group_stride<T>(frame.n_features), T(0)),
        moments(n_moments == 0 ? 0 : n_groups<T>(frame.tile_rows) * group_stride<T>(n_moments), T(0)),
        scatter(frame.tile_rows, frame.n_features, n_moments) {}

  std::size_t n_rows = 0;
  LargeVector<T> rows;     ///< in groups, less the origin
  LargeVector<T> moments;  ///< of the same, about the origin
  ScatterScratch<T> scatter;
  // Each kind's own, sized where it is used.
  TileGaps gaps;                                       ///< full and tied, with missing entries
  LargeVector<double> measured, noise, noisy_scratch;  ///< with noise: in groups, less the origin, and what there is
  bool has_gaps = false;                               ///< with noise
  LargeVector<T> form;                                 ///< full
  std::vector<double> best;                            ///< full: largest joint so far
  LargeVector<T> whitened;                             ///< tied: L^-1 of the rows
  std::vector<double> squared;                         ///< spherical: K x tile_rows squared distances
};

}  // namespace shoal
