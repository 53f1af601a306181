// One noise covariance S for all rows. As measured they have covariances Sigma + S, under which the kernels of rows
// without noise score them and add them up; what follows for the true values x is linear in what was measured:
//
//   E[x] = mean + G (z - mean),   Cov[x] = G S,   G = Sigma (Sigma + S)^-1.
#include <algorithm>
#include <utility>

#include "model/gaussian/gaussian_kernels.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

/// What a component, D x D or 1 x D, makes of what was measured.
struct Gain {
  Matrix gain;
  Matrix rest;  ///< the covariance of x given z

  Gain(const Matrix& covariance, const Matrix& noise);
  [[nodiscard]] bool diagonal() const { return gain.rows == 1 && gain.columns > 1; }
};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < b.columns; ++j)
      for (std::size_t t = 0; t < a.columns; ++t) result(i, j) += a(i, t) * b(t, j);
  return result;
}

Matrix sum(Matrix a, const Matrix& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

Gain::Gain(const Matrix& covariance, const Matrix& noise) : gain(covariance), rest(covariance) {
  if (covariance.rows == 1) {
    for (std::size_t j = 0; j < gain.values.size(); ++j) {
      gain.values[j] = covariance.values[j] / (covariance.values[j] + noise.values[j]);
      rest.values[j] = gain.values[j] * noise.values[j];
    }
    return;
  }
  gain = product(covariance, gram(whitening_of(sum(covariance, noise)).inverse));
  const Matrix one_sided = product(gain, noise);
  for (std::size_t i = 0; i < rest.rows; ++i)
    for (std::size_t j = 0; j < rest.columns; ++j) rest(i, j) = one_sided(i, j) / 2 + one_sided(j, i) / 2;
}

Matrix noise_matrix(const NoiseLayout& layout, bool diagonal, std::size_t d) {
  if (diagonal) {
    Matrix variances(1, d);
    variances.values = layout.shared;
    return variances;
  }
  Matrix noise(d, d);
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      noise(i, j) = noise(j, i) = layout.form == NoiseLayout::Form::covariances ? layout.shared[packed(i, j)]
                                  : i == j                                      ? layout.shared[i]
                                                                                : 0;
  return noise;
}

template <class T>
class Deconvolving final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  Deconvolving(std::unique_ptr<GaussianKernels<T>> measured, Covariance kind, const NoiseLayout& layout, std::size_t d)
      : measured_(std::move(measured)),
        denoising_(noisy_kernels<T>(kind, layout)),
        shared_(layout.shared.begin(), layout.shared.end()),
        noise_(noise_matrix(layout, kind == Covariance::diag, d)) {}
  bool needs_parameters() const override { return true; }
  std::size_t n_moments(std::size_t d) const override { return measured_->n_moments(d); }

  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    std::vector<Matrix> totals;
    gains_.clear();
    for (const Matrix& covariance : covariances) {
      totals.push_back(sum(covariance, noise_));
      gains_.emplace_back(covariance, noise_);
    }
    Frame plain = frame;
    denoising_->prepare(covariances, plain);
    measured_->prepare(totals, frame);
    if (frame.log_most.empty()) frame.log_most = frame.log_peak;
    for (double& most : frame.log_most) most += 0.5 * static_cast<double>(frame.n_features);  // as most_beyond
  }
  void load(const RowBlock<T>& block, std::size_t first, std::size_t n, const Frame& frame, Tile& tile) const override {
    measured_->load(block, first, n, frame, tile);
  }
  void clear_rows(const double* weight, const Frame& frame, Tile& tile) const override {
    measured_->clear_rows(weight, frame, tile);
  }
  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    std::vector<double> thresholds(constants.log_threshold.begin(), constants.log_threshold.end());
    for (double& threshold : thresholds) threshold -= log_of(static_cast<double>(1 + frame.n_features));
    measured_->score(frame, tile, {constants.constant, thresholds}, joint);
  }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    measured_->add(frame, tile, weighted, sums);
  }
  std::size_t n_sums(const Frame& frame) const override { return measured_->n_sums(frame); }
  /// As rows each with its own noise.
  void denoise(const RowBlock<T>& block, std::size_t first, const Frame& frame, Tile& tile,
               const double* responsibilities, double* means, double* deviations) const override {
    std::vector<T> noise;
    for (std::size_t r = 0; r < tile.n_rows; ++r) noise.insert(noise.end(), shared_.begin(), shared_.end());
    RowBlock<T> rows = part_of(block, first, tile.n_rows);
    rows.noise = noise.data();
    rows.noise_width = shared_.size();
    denoising_->load(rows, 0, tile.n_rows, frame, tile);
    denoising_->denoise(rows, 0, frame, tile, responsibilities, means, deviations);
  }

  /// The step of the mean is that of the rows as measured from it, times the gain.
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    ComponentSums mine = measured_->sums_of(frame, k, n, sums);
    const std::size_t d = frame.n_features;
    mine.component = k;
    mine.measured = mine.first;
    std::vector<double> apart(d), from_centre(d);
    for (std::size_t j = 0; j < d; ++j) {
      from_centre[j] = static_cast<double>(frame.means[k * d + j]) - static_cast<double>(frame.centres[k * d + j]);
      apart[j] = mine.weight(j) > 0 ? mine.step(j) - from_centre[j] : 0;
    }
    const Gain& gain = gains_[k];
    for (std::size_t i = 0; i < d; ++i) {
      double step = from_centre[i];
      for (std::size_t j = gain.diagonal() ? i : 0; j < (gain.diagonal() ? i + 1 : d); ++j)
        step += gain.gain(gain.diagonal() ? 0 : i, j) * apart[j];
      mine.first[i] = mine.weight(i) * step;
    }
    return mine;
  }
  Scatter scatter_of(const ComponentSums& component) const override {
    const Gain& gain = gains_[component.component];
    Scatter scatter = measured_->scatter_of({component.n, component.measured, component.second, component.observed});
    if (gain.diagonal()) {
      for (std::size_t j = 0; j < scatter.values.values.size(); ++j)
        scatter.values(0, j) =
            gain.gain(0, j) * gain.gain(0, j) * scatter.values(0, j) + scatter.weight[j] * gain.rest(0, j);
      return scatter;
    }
    const Matrix half = product(gain.gain, scatter.values);
    for (std::size_t i = 0; i < half.rows; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double value = component.n * gain.rest(i, j);
        for (std::size_t t = 0; t < half.columns; ++t) value += half(i, t) * gain.gain(j, t);
        scatter.values(i, j) = scatter.values(j, i) = value;
      }
    return scatter;
  }

 private:
  std::unique_ptr<GaussianKernels<T>> measured_;
  std::unique_ptr<GaussianKernels<T>> denoising_;
  std::vector<T> shared_;
  Matrix noise_;
  std::vector<Gain> gains_;
};

}  // namespace

template <class T>
std::unique_ptr<GaussianKernels<T>> deconvolving_kernels(std::unique_ptr<GaussianKernels<T>> measured,
                                                         Covariance covariance, const NoiseLayout& layout,
                                                         std::size_t n_features) {
  return std::make_unique<Deconvolving<T>>(std::move(measured), covariance, layout, n_features);
}
template std::unique_ptr<GaussianKernels<float>> deconvolving_kernels(std::unique_ptr<GaussianKernels<float>>,
                                                                      Covariance, const NoiseLayout&, std::size_t);
template std::unique_ptr<GaussianKernels<double>> deconvolving_kernels(std::unique_ptr<GaussianKernels<double>>,
                                                                       Covariance, const NoiseLayout&, std::size_t);

}  // namespace shoal
