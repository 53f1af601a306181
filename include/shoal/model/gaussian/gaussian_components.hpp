/// Gaussian components. What depends on the kind of covariance is the business of two policies: CovariancePolicy (what
/// a covariance is) and GaussianKernels (how rows meet it). Scatter is taken about the previous mean (Chan, Golub &
/// LeVeque 1983), so that data far from zero lose no digits. T is the type in which rows are multiplied.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/gaussian/covariance_policy.hpp"
#include "shoal/model/gaussian/gaussian_frame.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

template <class T>
class GaussianKernels;

template <class T>
class GaussianComponents {
 public:
  using Row = T;
  using Real = T;
  using Step = GaussianStep;
  static constexpr bool bounded = false;

  GaussianComponents(const ModelOptions& options, const RowLayout& layout);
  GaussianComponents(GaussianComponents&& other) noexcept;
  ~GaussianComponents();

  struct Workspace : GaussianTile<T> {
    explicit Workspace(const GaussianComponents& components);
  };

  [[nodiscard]] std::size_t n_features() const { return means_.columns; }
  [[nodiscard]] std::size_t n_sums() const;
  [[nodiscard]] std::size_t tile_rows() const { return frame_.tile_rows; }
  [[nodiscard]] double log_peak(std::size_t k) const { return can_truncate() ? frame_.log_peak[k] : 0; }
  [[nodiscard]] double log_most(std::size_t k) const {
    return frame_.log_most.empty() ? log_peak(k) : frame_.log_most[k];
  }
  [[nodiscard]] bool can_truncate() const { return !frame_.log_peak.empty(); }
  std::size_t load(const RowBlock<T>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, const ScoreConstants& constants, double* joint) const;
  /// What was loaded of the rows of weight 0, which may hold what squares to infinity, becomes zeros: 0 times infinity
  /// is no number.
  void clear_rows(const double* weight, Workspace& workspace) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  void finish(Workspace& /*workspace*/, double* /*sums*/) const {}
  /// RowOutputs::imputed or denoised of the rows of `block` from `first` on that are loaded and scored.
  /// responsibilities: n x K.
  void impute(const RowBlock<T>& block, std::size_t first, Workspace& workspace, const double* responsibilities,
              double* imputed, double* deviations) const;
  void denoise(const RowBlock<T>& block, std::size_t first, Workspace& workspace, const double* responsibilities,
               double* means, double* deviations) const;
  [[nodiscard]] double log_prior() const { return 0; }

  void begin_fit(const RowPass<T>& pass, const ColumnMoments& moments);
  void end_fit();
  [[nodiscard]] int start_steps() const;
  void start(const std::vector<T>& seeds);
  [[nodiscard]] Step step(std::span<const double> n, std::span<const double> sums) const;
  void maximise_start(std::span<const double> n, Step& step) {
    std::int64_t not_counted = 0;  // a start may be poor; what the fit repairs is what counts
    take(n, step, true, not_counted);
  }
  [[nodiscard]] bool must_recentre(const Step& step) const { return step.lost_digits; }
  void recentre(const Step& step) { frame_.recentre(step.means); }
  bool maximise(std::span<const double> n, Step& step, Repairs& repairs) {
    return take(n, step, false, repairs.collapsed);
  }
  /// From here on means and covariances stay that are named.
  void hold(const Held& held);
  void reseed(std::size_t k, std::span<const T> row);
  void remove(const std::vector<std::size_t>& clusters);

  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const;
  [[nodiscard]] std::vector<std::string> warnings(const FeatureNames& /*names*/) const { return warnings_; }

 private:
  [[nodiscard]] std::size_t n_clusters() const { return means_.rows; }
  [[nodiscard]] CovarianceLayout layout() const { return policy_->layout(n_clusters(), n_features()); }
  bool take(std::span<const double> n, Step& step, bool pool_small, std::int64_t& collapsed);
  [[nodiscard]] Matrix pooled(const std::vector<ComponentSums>& components) const;
  [[nodiscard]] bool holds(const std::vector<bool>& held, std::size_t k) const { return !held.empty() && held[k]; }
  [[nodiscard]] std::vector<double> beyond_mean(const ComponentSums& component, std::size_t k) const;
  void prepare();

  const CovariancePolicy* policy_ = nullptr;
  std::unique_ptr<GaussianKernels<T>> kernels_;
  bool noisy_ = false;
  GaussianOptions options_;

  std::vector<bool> means_held_, covariances_held_;  ///< K, or empty: none
  Matrix means_;
  std::vector<Matrix> covariances_;  ///< as CovarianceLayout
  Matrix pooled_;                    ///< covariance over all components, for new ones; empty where there is one alone
  GaussianFrame<T> frame_;           ///< from these, by prepare()

  // Of the rows of a fit.
  Regularization regularization_of_fit_;
  ColumnMoments moments_;  ///< their means stand for missing entries of a new mean
  std::vector<std::string> warnings_;
};

}  // namespace shoal
