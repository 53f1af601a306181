/// Gaussian components with full, tied, diagonal or spherical covariance.
///
/// With S_k = L L^T the density needs ||L^-1 (x - mu_k)||^2; scatter is taken about the previous mean (Chan, Golub &
/// LeVeque 1983), so that data far from zero lose no digits. T is the type in which rows are multiplied.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/math/diagonal_form.hpp"
#include "shoal/math/triangular_form.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/gaussian/covariance_update.hpp"
#include "shoal/model/gaussian/moment_form.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// What the sums of a pass say: an M-step's means, and the scatter about them.
struct GaussianStep {
  Matrix means;                  ///< K x D; a component or feature without weight stays
  std::vector<Scatter> scatter;  ///< of each component, or (tied) of all in one
  bool lost_digits = false;      ///< the sums were taken too far from the means for that
};

template <class T>
class GaussianComponents {
 public:
  using Row = T;
  using Step = GaussianStep;

  GaussianComponents(const ModelOptions& options, std::size_t n_features);

  /// Scratch of one thread, for the tiles of one block.
  struct Workspace {
    explicit Workspace(const GaussianComponents& components);
    std::size_t n_rows = 0;
    std::vector<T> rows;          ///< in groups, less the origin
    std::vector<T> whitened;      ///< tied: L^-1 of the same
    std::vector<T> moments;       ///< of the same, about the origin
    std::vector<double> squared;  ///< spherical: K x tile_rows squared distances
    std::vector<double> best;     ///< full: largest joint so far
    std::vector<T> form;
    ScatterScratch<T> scatter;
  };

  [[nodiscard]] std::size_t n_features() const { return means_.columns; }
  [[nodiscard]] std::size_t n_sums() const;
  [[nodiscard]] std::size_t tile_rows() const { return tile_rows_for(n_clusters(), n_features(), sizeof(T)); }
  /// ln of a component's density at its mean; 0 with missing values, where the rows differ in it.
  [[nodiscard]] double log_peak(std::size_t k) const { return missing_ ? 0 : log_peak_[k]; }
  [[nodiscard]] bool can_truncate() const { return !missing_; }
  static constexpr bool bounded = false;
  std::size_t load(const RowBlock<T>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, const ScoreConstants& constants, double* joint) const;
  /// What was loaded of the rows of weight 0, which may hold what squares to infinity, becomes zeros: 0 times infinity
  /// is no number.
  void clear_rows(const double* weight, Workspace& workspace) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  void finish(Workspace& /*workspace*/, double* /*sums*/) const {}
  [[nodiscard]] double log_prior() const { return 0; }

  void begin_fit(const RowPass<T>& pass, const ColumnMoments& moments);
  void end_fit();
  void start(const std::vector<T>& seeds);
  [[nodiscard]] Step step(std::span<const double> n, std::span<const double> sums) const;
  void maximise_start(std::span<const double> n, const Step& step);
  [[nodiscard]] bool must_recentre(const Step& step) const { return step.lost_digits; }
  void recentre(const Step& step);
  void maximise(std::span<const double> n, const Step& step, Repairs& repairs);
  void reseed(std::size_t k, std::span<const T> row);
  void remove(const std::vector<std::size_t>& clusters);

  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const;
  [[nodiscard]] std::vector<std::string> warnings() const { return warnings_; }

  /// One matrix a component (tied: one): D x D, 1 x D (diag), 1 x 1 (spherical).
  [[nodiscard]] const std::vector<Matrix>& covariances() const { return covariances_; }
  [[nodiscard]] const Matrix& means() const { return means_; }

 private:
  [[nodiscard]] std::size_t n_clusters() const { return means_.rows; }
  [[nodiscard]] bool triangle() const { return covariance_ == Covariance::full || covariance_ == Covariance::tied; }
  [[nodiscard]] ComponentSums sums_of(std::size_t k, std::span<const double> n, std::span<const double> sums) const;
  [[nodiscard]] std::vector<Scatter> scatters(std::span<const ComponentSums> components) const;
  [[nodiscard]] std::size_t n_seconds() const;
  [[nodiscard]] std::size_t second_offset(std::size_t k) const;
  void add_spherical(Workspace& workspace, const double* weighted, double* sums) const;
  [[nodiscard]] Matrix stepped_means(std::span<const ComponentSums> components) const;
  [[nodiscard]] bool lost_digits(std::span<const ComponentSums> components, std::span<const Scatter> each) const;
  void take(std::span<const double> n, const Step& step, bool pool_small, Repairs& repairs);
  [[nodiscard]] Matrix covariance_of(const Scatter& scatter, Repairs& repairs) const;
  [[nodiscard]] bool is_positive(const Matrix& covariance) const;
  void add_floor(Matrix& covariance, double multiple) const;
  [[nodiscard]] bool one_square() const { return covariance_ == Covariance::spherical && !missing_; }
  void measure_total(const RowPass<T>& pass);
  [[nodiscard]] bool lost_total(const Scatter& within) const;
  [[nodiscard]] Matrix centres() const;
  void prepare();
  std::vector<Matrix> prepare_triangles();
  std::vector<Matrix> prepare_diagonals();
  [[nodiscard]] bool may_use_moments() const;
  [[nodiscard]] Moments moments() const;

  Covariance covariance_;
  bool missing_;  ///< NaN entries are integrated out
  double regularization_;
  double regularization_absolute_;

  Matrix means_;
  std::vector<Matrix> covariances_;
  Matrix pooled_;              ///< covariance over all components, for new ones
  std::vector<double> added_;  ///< D, to covariance diagonals
  std::vector<double> floor_;  ///< D, where a covariance collapsed
  std::vector<double> fill_;   ///< D, global means, for missing entries of a new mean
  std::vector<std::string> warnings_;

  // Tied: within = total - between, and the total is the same in every iteration (empty outside a fit).
  Matrix total_scatter_;                ///< about total_mean_
  std::vector<double> total_mean_;      ///< D
  std::vector<double> total_variance_;  ///< D
  bool direct_ = true;                  ///< the pass adds up the scatter itself
  /// With a smaller share of the total the subtraction would cost a thousand units in the last place; clusters are then
  /// so far apart that few rows touch more than one, and their own scatter is cheap.
  static constexpr double least_within_share = 1e-3;

  // What prepare() derives from the parameters, for the kernels.
  std::vector<T> origin_;                       ///< D
  std::vector<T> kernel_means_;                 ///< K x D, less origin
  std::vector<T> whitened_means_;               ///< tied: L^-1 of the same
  std::vector<std::vector<T>> triangles_;       ///< packed L^-1 (full: K, tied: 1)
  std::vector<T> precisions_;                   ///< K x D, 1 / variance (diag; spherical with missing values)
  std::vector<double> scales_;                  ///< spherical: K, 1 / variance
  std::vector<std::vector<double>> log_norms_;  ///< ln 2 pi + ln variance, D each (diag, spherical)
  std::vector<double> log_peak_;                ///< K
  std::vector<T> centre_;                       ///< K x D, about which sums are taken, less origin
  bool recentred_ = false;                      ///< centre_ is neither the means nor the origin
  /// Both steps by moments about the origin (which centre_ then is), where that loses no digits. With more features
  /// than this the products of a triangle are as fast, and better conditioned.
  std::optional<MomentForm<T>> form_;
  static constexpr std::size_t most_product_features = 12;
};

}  // namespace shoal
