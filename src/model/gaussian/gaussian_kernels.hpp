/// How the rows of a tile meet the components: a policy for each kind of covariance, called once a tile.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/gaussian/covariance_update.hpp"
#include "shoal/model/gaussian/gaussian_frame.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

inline constexpr double log_two_pi = 1.8378770664093454836;  // ln 2 pi

/// Sums are, for each component, D firsts and its seconds, unless a kind says otherwise. Layouts as in GaussianFrame,
/// Tile and CovarianceLayout.
template <class T>
class GaussianKernels {
 public:
  using Frame = GaussianFrame<T>;
  using Tile = GaussianTile<T>;
  virtual ~GaussianKernels() = default;

  /// What belongs to the rows of a fit; mean: D, theirs.
  virtual void begin_fit(const RowPass<T>& /*pass*/, const Frame& /*frame*/, std::span<const double> /*mean*/) {}
  virtual void end_fit(Frame& /*frame*/) {}

  /// Takes over covariances, and completes a frame that has the means alone: log_peak, form, how sums are taken. Throws
  /// Error(bad_data) where a matrix is not positive definite.
  virtual void prepare(const std::vector<Matrix>& covariances, Frame& frame) = 0;
  /// Whether sums take parameters, which a start then has to have.
  [[nodiscard]] virtual bool needs_parameters() const { return false; }
  /// What else a tile needs of rows first .. first + n of a block, which are loaded; GaussianComponents::clear_rows.
  virtual void load(const RowBlock<T>& /*block*/, std::size_t /*first*/, std::size_t /*n*/, const Frame& /*frame*/,
                    Tile& /*tile*/) const {}
  virtual void clear_rows(const double* /*weight*/, const Frame& /*frame*/, Tile& /*tile*/) const {}
  /// n_moments of the form that prepare may find; 0: none.
  [[nodiscard]] virtual std::size_t n_moments(std::size_t /*n_features*/) const { return 0; }

  /// Where the frame has no form.
  virtual void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const = 0;
  /// Means and deviations of the missing entries of a tile that was scored, row-major, over all components.
  virtual void impute(const Frame& /*frame*/, Tile& /*tile*/, const double* /*responsibilities*/, double* /*imputed*/,
                      double* /*deviations*/) const {}
  /// The same of the true values of all entries, of rows with noise; what is loaded is rows first .. first + n of
  /// `block`.
  virtual void denoise(const RowBlock<T>& /*block*/, std::size_t /*first*/, const Frame& /*frame*/, Tile& /*tile*/,
                       const double* /*responsibilities*/, double* /*means*/, double* /*deviations*/) const {}
  /// Unless sums are taken by moments.
  virtual void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const = 0;
  [[nodiscard]] virtual std::size_t n_sums(const Frame& frame) const = 0;

  /// Component k's part of the sums, which the result may look into.
  [[nodiscard]] virtual ComponentSums sums_of(const Frame& frame, std::size_t k, double n,
                                              std::span<const double> sums) const {
    const auto mine = sums.subspan(k * (n_sums(frame) / frame.n_clusters), n_sums(frame) / frame.n_clusters);
    const auto first = mine.first(frame.n_features);
    return {n, {first.begin(), first.end()}, mine.subspan(frame.n_features), {}};
  }
  [[nodiscard]] virtual Scatter scatter_of(const ComponentSums& component) const = 0;
  /// Completes a step that has its components' sums, but for the means.
  virtual void complete(const Frame& /*frame*/, GaussianStep& step) const {
    step.lost_digits = std::ranges::any_of(
        step.components, [&](const ComponentSums& component) { return lost_digits(component, scatter_of(component)); });
  }
};

/// Mean and standard deviation of what K components have with these probabilities.
struct Blend {
  double mean = 0;
  double deviation = 0;
};
template <class Mean, class Variance>
Blend blend(std::span<const double> probabilities, Mean&& mean, Variance&& variance) {
  Blend all;
  for (std::size_t k = 0; k < probabilities.size(); ++k) all.mean += probabilities[k] * mean(k);
  double sum = 0;
  for (std::size_t k = 0; k < probabilities.size(); ++k)
    sum += probabilities[k] * (variance(k) + (mean(k) - all.mean) * (mean(k) - all.mean));
  all.deviation = std::sqrt(sum);
  return all;
}

struct Whitening {
  Matrix inverse;  ///< L^-1
  double log_peak;
};
/// Throws Error(bad_data) where the covariance is not positive definite.
Whitening whitening_of(const Matrix& covariance);

/// Component k's part of sums that are the firsts of all components and one triangle.
template <class T>
ComponentSums tied_sums_of(const GaussianFrame<T>& frame, std::size_t k, double n, std::span<const double> sums) {
  const auto first = sums.subspan(k * frame.n_features, frame.n_features);
  return {n, {first.begin(), first.end()}, sums.subspan(frame.n_clusters * frame.n_features), {}};
}
/// GaussianKernels::complete of such sums.
void complete_tied(GaussianStep& step);

/// Of full and tied covariances; `missing`: entries may be NaN, and are integrated out.
template <class T>
std::unique_ptr<GaussianKernels<T>> triangular_kernels(Covariance covariance, bool missing);
template <class T>
std::unique_ptr<GaussianKernels<T>> completing_kernels(Covariance covariance);
/// Of full ones, or of diagonal ones and variances, where rows have one noise in common; `measured`: of such rows
/// without.
template <class T>
std::unique_ptr<GaussianKernels<T>> deconvolving_kernels(std::unique_ptr<GaussianKernels<T>> measured,
                                                         Covariance covariance, const NoiseLayout& layout,
                                                         std::size_t n_features);
/// The same, where rows have noise of their own; entries may be NaN.
template <class T>
std::unique_ptr<GaussianKernels<T>> noisy_kernels(Covariance covariance, const NoiseLayout& layout);

/// The same of diagonal and spherical ones.
template <class T>
std::unique_ptr<GaussianKernels<T>> diagonal_kernels(Covariance covariance, bool missing);

}  // namespace shoal
