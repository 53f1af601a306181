// Diagonal and spherical covariances: the density needs a feature at a time.
#include <numeric>

#include "model/gaussian/gaussian_kernels.hpp"
#include "shoal/math/diagonal_form.hpp"
#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

/// D, of a covariance that holds so many or one.
std::vector<double> variances_of(const Matrix& covariance, std::size_t d) {
  return covariance.columns == 1 ? std::vector<double>(d, covariance.values[0]) : covariance.values;
}

/// ln 2 pi + ln variance, D.
std::vector<double> log_norms_of(const Matrix& covariance, std::size_t d) {
  std::vector<double> norms = variances_of(covariance, d);
  log_of(norms, norms);
  for (double& norm : norms) norm += log_two_pi;
  return norms;
}

double log_peak_of(const Matrix& covariance, std::size_t d) {
  const std::vector<double> norms = log_norms_of(covariance, d);
  return -0.5 * std::accumulate(norms.begin(), norms.end(), 0.0);
}

std::vector<Matrix> inverses_of(std::vector<Matrix> covariances) {
  for (Matrix& covariance : covariances)
    for (double& value : covariance.values) value = 1 / value;
  return covariances;
}

template <class T>
class Diagonal final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    const std::vector<Matrix> precisions = inverses_of(covariances);
    precisions_.clear();
    for (const Matrix& one : precisions) precisions_.insert(precisions_.end(), one.values.begin(), one.values.end());
    for (const Matrix& one : covariances) frame.log_peak.push_back(log_peak_of(one, frame.n_features));
    frame.form = moment_form<T>(Moments::squares, frame.means, precisions, covariances);
  }
  std::size_t n_moments(std::size_t d) const override { return shoal::n_moments(Moments::squares, d); }

  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    diagonal_score<T>(tile.rows.data(), tile.n_rows, frame.n_features,
                      {frame.n_clusters, frame.means.data(), precisions_.data(), nullptr, constants.constant.data()},
                      joint, nullptr, frame.tile_rows);
  }

  std::size_t n_sums(const Frame& frame) const override { return frame.n_clusters * 2 * frame.n_features; }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    for (std::size_t k = 0; k < frame.n_clusters; ++k, sums += 2 * d)
      add_squares(tile.rows.data(), tile.n_rows, d, frame.centres.data() + k * d, weighted + k * frame.tile_rows,
                  tile.scatter, sums, sums + d, nullptr);
  }
  Scatter scatter_of(const ComponentSums& component) const override { return squares_scatter(component); }

 private:
  std::vector<T> precisions_;  ///< K x D, 1 / variance
};

/// The seconds are traces, and the firsts about the origin, one product for all components.
template <class T>
class Spherical final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    const std::vector<Matrix> precisions = inverses_of(covariances);
    scales_.clear();
    for (const Matrix& one : precisions) scales_.push_back(one(0, 0));
    for (const Matrix& one : covariances) frame.log_peak.push_back(log_peak_of(one, frame.n_features));
    frame.form = moment_form<T>(Moments::square_sum, frame.means, precisions, covariances);
  }
  std::size_t n_moments(std::size_t d) const override { return shoal::n_moments(Moments::square_sum, d); }

  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    measure(frame, frame.means, {scales_.data(), constants.constant.data()}, tile, joint);
  }

  std::size_t n_sums(const Frame& frame) const override { return frame.n_clusters * (frame.n_features + 1); }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    const std::size_t pitch = frame.tile_rows;
    if (frame.sums == SumsTaken::recentred) {  // the E-step measured from the means, not from here
      const std::vector<double> zero(frame.n_clusters, 0.0);
      std::vector<double> unused(frame.n_clusters * pitch);
      measure(frame, frame.centres, {nullptr, zero.data()}, tile, unused.data());
    }
    add_weighted_rows(tile.rows.data(), tile.n_rows, d, weighted, pitch, frame.n_clusters, tile.scatter, sums, d + 1);
    for (std::size_t k = 0; k < frame.n_clusters; ++k)
      sums[k * (d + 1) + d] += weighted_sum(weighted + k * pitch, tile.squared.data() + k * pitch, tile.n_rows);
  }
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    ComponentSums mine = GaussianKernels<T>::sums_of(frame, k, n, sums);
    for (std::size_t j = 0; j < mine.first.size(); ++j)
      mine.first[j] -= n * static_cast<double>(frame.centres[k * mine.first.size() + j]);
    return mine;
  }
  Scatter scatter_of(const ComponentSums& component) const override { return trace_scatter(component); }

 private:
  struct Factors {
    const double* scales;     ///< K; null: 1
    const double* constants;  ///< K
  };
  /// Squared distances from K x D points, and scores by them.
  static void measure(const Frame& frame, const std::vector<T>& from, const Factors& factors, Tile& tile,
                      double* joint) {
    tile.squared.resize(frame.n_clusters * frame.tile_rows);
    diagonal_score<T>(tile.rows.data(), tile.n_rows, frame.n_features,
                      {frame.n_clusters, from.data(), nullptr, factors.scales, factors.constants}, joint,
                      tile.squared.data(), frame.tile_rows);
  }

  std::vector<double> scales_;  ///< K, 1 / variance
};

/// Sums have, behind the seconds, the weights observed of each feature.
template <class T>
class Observed final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    precisions_.clear();
    log_norms_.clear();
    for (const Matrix& one : covariances) {
      for (const double v : variances_of(one, frame.n_features)) precisions_.push_back(static_cast<T>(1 / v));
      log_norms_.push_back(log_norms_of(one, frame.n_features));
    }
  }

  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    const std::size_t d = frame.n_features;
    for (std::size_t k = 0; k < frame.n_clusters; ++k)
      observed_score(tile.rows.data(), tile.n_rows, d, frame.means.data() + k * d, precisions_.data() + k * d,
                     log_norms_[k].data(), constants.constant[k], joint + k * frame.tile_rows);
  }

  std::size_t n_sums(const Frame& frame) const override { return frame.n_clusters * 3 * frame.n_features; }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    for (std::size_t k = 0; k < frame.n_clusters; ++k, sums += 3 * d)
      add_squares(tile.rows.data(), tile.n_rows, d, frame.centres.data() + k * d, weighted + k * frame.tile_rows,
                  tile.scatter, sums, sums + d, sums + 2 * d);
  }
  void impute(const Frame& frame, Tile& tile, const double* responsibilities, double* imputed,
              double* deviations) const override {
    const std::size_t d = frame.n_features, n = frame.n_clusters;
    for (std::size_t i = 0; i < tile.n_rows * d; ++i) {
      if (!std::isnan(imputed[i])) continue;
      const std::size_t j = i % d;
      const Blend found = blend(
          {responsibilities + i / d * n, n}, [&](std::size_t k) { return static_cast<double>(frame.means[k * d + j]); },
          [&](std::size_t k) { return 1 / static_cast<double>(precisions_[k * d + j]); });
      imputed[i] = static_cast<double>(frame.origin[j]) + found.mean;
      deviations[i] = found.deviation;
    }
  }
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    const std::size_t d = frame.n_features;
    ComponentSums mine = GaussianKernels<T>::sums_of(frame, k, n, sums);
    mine.observed = mine.second.subspan(d);
    mine.second = mine.second.first(d);
    return mine;
  }
  Scatter scatter_of(const ComponentSums& component) const override { return squares_scatter(component); }

 private:
  std::vector<T> precisions_;                   ///< K x D, 1 / variance
  std::vector<std::vector<double>> log_norms_;  ///< K, D each
};

}  // namespace

template <class T>
std::unique_ptr<GaussianKernels<T>> diagonal_kernels(Covariance covariance, bool missing) {
  if (missing) return std::make_unique<Observed<T>>();
  if (covariance == Covariance::spherical) return std::make_unique<Spherical<T>>();
  return std::make_unique<Diagonal<T>>();
}
template std::unique_ptr<GaussianKernels<float>> diagonal_kernels<float>(Covariance, bool);
template std::unique_ptr<GaussianKernels<double>> diagonal_kernels<double>(Covariance, bool);

}  // namespace shoal
