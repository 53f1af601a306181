// Full and tied covariances: with S = L L^T the density needs || L^-1 (x - mu_k) ||^2.
#include <algorithm>
#include <limits>
#include <optional>

#include "model/gaussian/gaussian_kernels.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/diagonal_form.hpp"
#include "shoal/math/triangular_form.hpp"

namespace shoal {

Whitening whitening_of(const Matrix& covariance) {
  const auto factor = cholesky(covariance);
  if (!factor)
    throw Error(
        ExitCode::bad_data,
        "a covariance matrix is not positive definite, or infinite; change --regularization, or scale the data");
  return {inverse_lower(factor->lower),
          -0.5 * (static_cast<double>(covariance.rows) * log_two_pi + factor->log_determinant)};
}

void complete_tied(GaussianStep& step) {
  step.shared = tied_scatter(step.components);
  step.lost_digits = std::ranges::any_of(
      step.components, [&](const ComponentSums& component) { return lost_digits(component, *step.shared); });
}

namespace {

template <class T>
class Full final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;
  /// With more features the products of a triangle are as fast as moments, and better conditioned.
  static constexpr std::size_t most_product_features = 12;

 public:
  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    const bool may_use_moments = n_moments(frame.n_features) > 0;
    std::vector<Matrix> precisions;
    triangles_.clear();
    for (const Matrix& covariance : covariances) {
      const auto [inverse, log_peak] = whitening_of(covariance);
      triangles_.push_back(pack_triangle<T>(inverse));
      frame.log_peak.push_back(log_peak);
      if (may_use_moments) precisions.push_back(gram(inverse));
    }
    if (may_use_moments) frame.form = moment_form<T>(Moments::products, frame.means, precisions, covariances);
  }
  std::size_t n_moments(std::size_t d) const override {
    return d <= most_product_features ? shoal::n_moments(Moments::products, d) : 0;
  }

  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    const std::size_t d = frame.n_features;
    tile.form.resize(d * group_rows<T>);
    tile.best.assign(frame.tile_rows, -std::numeric_limits<double>::infinity());
    for (std::size_t k = 0; k < frame.n_clusters; ++k)
      triangular_score<T>(
          tile.rows.data(), tile.n_rows, d,
          {frame.means.data() + k * d, triangles_[k].data(), constants.constant[k], constants.log_threshold[k]},
          tile.form.data(), tile.best.data(), joint + k * frame.tile_rows);
  }

  std::size_t n_sums(const Frame& frame) const override {
    return frame.n_clusters * (frame.n_features + packed(frame.n_features, 0));
  }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    for (std::size_t k = 0; k < frame.n_clusters; ++k, sums += d + packed(d, 0))
      add_scatter(tile.rows.data(), tile.n_rows, d, frame.centres.data() + k * d, weighted + k * frame.tile_rows,
                  tile.scatter, sums, sums + d);
  }
  Scatter scatter_of(const ComponentSums& component) const override { return triangle_scatter(component); }

 private:
  std::vector<std::vector<T>> triangles_;  ///< K, packed L^-1
};

/// Sums are the firsts of all components and, where the total scatter does not serve, one triangle.
template <class T>
class Tied final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  void begin_fit(const RowPass<T>& pass, const Frame& frame, std::span<const double> mean) override;
  void end_fit(Frame& frame) override {
    total_.reset();
    frame.sums = SumsTaken::about_means;
    frame.centres = frame.means;
  }

  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override;
  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    tile.whitened.resize(tile.rows.size());
    whiten(tile.rows.data(), tile.n_rows, frame.n_features, triangle_.data(), tile.whitened.data());
    diagonal_score<T>(tile.whitened.data(), tile.n_rows, frame.n_features,
                      {frame.n_clusters, whitened_means_.data(), nullptr, nullptr, constants.constant.data()}, joint,
                      nullptr, frame.tile_rows);
  }

  std::size_t n_sums(const Frame& frame) const override {
    return frame.n_clusters * frame.n_features + (by_total(frame) ? 0 : packed(frame.n_features, 0));
  }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    if (by_total(frame))
      return add_weighted_rows(tile.rows.data(), tile.n_rows, d, weighted, frame.tile_rows, frame.n_clusters,
                               tile.scatter, sums, d);
    for (std::size_t k = 0; k < frame.n_clusters; ++k)
      add_scatter(tile.rows.data(), tile.n_rows, d, frame.centres.data() + k * d, weighted + k * frame.tile_rows,
                  tile.scatter, sums + k * d, sums + frame.n_clusters * d);
  }
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    return tied_sums_of(frame, k, n, sums);
  }
  Scatter scatter_of(const ComponentSums& component) const override { return triangle_scatter(component); }
  void complete(const Frame& frame, GaussianStep& step) const override;

 private:
  /// With a smaller share of the total the subtraction would cost a thousand units in the last place; clusters are then
  /// so far apart that few rows touch more than one, and their own scatter is cheap.
  static constexpr double least_within_share = 1e-3;
  static bool by_total(const Frame& frame) { return frame.sums == SumsTaken::firsts_alone; }

  /// Of all rows of a fit: within = total - between, and the total is the same in every iteration.
  struct Total {
    std::vector<double> mean;      ///< D
    Matrix scatter;                ///< D x D, about the mean
    std::vector<double> variance;  ///< D
  };
  std::optional<Total> total_;
  std::vector<T> triangle_;        ///< packed L^-1
  std::vector<T> whitened_means_;  ///< K x D, L^-1 of the means
};

template <class T>
void Tied<T>::begin_fit(const RowPass<T>& pass, const Frame& frame, std::span<const double> mean) {
  const std::size_t d = frame.n_features;
  const std::vector<T> about(mean.begin(), mean.end());
  const std::vector<T> zero(d, T(0));
  const Statistics sums = pass.reduce(SumLayout{d + packed(d, 0)}, [&](const RowBlock<T>& block, Statistics& s) {
    Tile tile(frame, 0);
    std::vector<double> weight(frame.tile_rows);
    for (std::size_t first = 0; first < block.n_rows; first += frame.tile_rows) {
      const std::size_t n = std::min(frame.tile_rows, block.n_rows - first);
      std::ranges::fill(weight, 0.0);
      for (std::size_t r = 0; r < n; ++r) weight[r] = block.weight(first + r);
      load_groups(block.row(first), n, d, about.data(), tile.rows.data());
      add_scatter(tile.rows.data(), n, d, zero.data(), weight.data(), tile.scatter, s.sums.data(), s.sums.data() + d);
    }
  });
  const std::span<const double> all = sums.sums;
  const double weight = pass.summary().total_weight;
  const ComponentSums one{weight, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(d)}, all.subspan(d), {}};
  total_ = Total{{about.begin(), about.end()}, scatter_of(one).values, std::vector<double>(d)};
  for (std::size_t j = 0; j < d; ++j) {
    total_->mean[j] += one.step(j);
    total_->variance[j] = total_->scatter(j, j) / weight;
  }
}

template <class T>
void Tied<T>::prepare(const std::vector<Matrix>& covariances, Frame& frame) {
  const std::size_t d = frame.n_features;
  const auto [inverse, log_peak] = whitening_of(covariances[0]);
  triangle_ = pack_triangle<T>(inverse);
  frame.log_peak.assign(frame.n_clusters, log_peak);
  whitened_means_.clear();
  for (std::size_t k = 0; k < frame.n_clusters; ++k)
    for (std::size_t i = 0; i < d; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j <= i; ++j) sum += inverse(i, j) * static_cast<double>(frame.means[k * d + j]);
      whitened_means_.push_back(static_cast<T>(sum));
    }
  bool total_serves = total_.has_value();
  for (std::size_t j = 0; total_serves && j < d; ++j)
    total_serves = !(covariances[0](j, j) < 4 * least_within_share * total_->variance[j]);
  if (total_serves) frame.sum_about_origin(SumsTaken::firsts_alone);
}

template <class T>
void Tied<T>::complete(const Frame& frame, GaussianStep& step) const {
  if (!by_total(frame)) return complete_tied(step);
  const Matrix& total = total_->scatter;
  const std::vector<double> origin(frame.origin.begin(), frame.origin.end());
  step.shared = within_total(step.components, total, total_->mean, origin);
  const Matrix& within = step.shared->values;
  for (std::size_t j = 0; j < frame.n_features; ++j)
    if (total(j, j) > 0 && within(j, j) < least_within_share * total(j, j)) step.lost_digits = true;
}

}  // namespace

template <class T>
std::unique_ptr<GaussianKernels<T>> triangular_kernels(Covariance covariance, bool missing) {
  if (missing) return completing_kernels<T>(covariance);
  if (covariance == Covariance::tied) return std::make_unique<Tied<T>>();
  return std::make_unique<Full<T>>();
}
template std::unique_ptr<GaussianKernels<float>> triangular_kernels<float>(Covariance, bool);
template std::unique_ptr<GaussianKernels<double>> triangular_kernels<double>(Covariance, bool);

}  // namespace shoal
