// Full and diagonal covariances of rows that were measured with noise, each with its own (Bovy, Hogg & Roweis 2011).
// Sums are of what the components' gradients are made of (noisy_form.hpp), and become firsts and seconds of the rows'
// true values once a pass is done.
#include <algorithm>
#include <cmath>

#include "model/gaussian/gaussian_kernels.hpp"
#include "model/gaussian/most_beyond.hpp"
#include "shoal/core/contract.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/noisy_form.hpp"

namespace shoal {
namespace {

/// In groups, in double.
template <class T>
void load_doubles(const T* rows, std::size_t n_rows, std::size_t width, const std::vector<T>& origin, double* groups) {
  if constexpr (std::is_same_v<T, double>) {
    load_groups(rows, n_rows, width, origin.data(), groups);
  } else {
    constexpr std::size_t g = group_rows<double>;
    for (std::size_t r = 0; r < n_groups<double>(n_rows) * g; ++r)
      for (std::size_t j = 0; j < width; ++j)
        groups[r / g * group_stride<double>(width) + j * g + r % g] =
            r < n_rows ? static_cast<double>(rows[r * width + j]) - static_cast<double>(origin[j]) : 0.0;
  }
}

std::vector<double> product(const Matrix& matrix, std::span<const double> vector) {
  std::vector<double> result(matrix.rows, 0.0);
  for (std::size_t i = 0; i < matrix.rows; ++i)
    for (std::size_t j = 0; j < matrix.columns; ++j) result[i] += matrix(i, j) * vector[j];
  return result;
}

/// What both kinds of covariance have in common; `Kind` says what one is.
template <class T, class Kind>
class Noisy final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  explicit Noisy(const NoiseLayout& layout) : diagonal_(layout.form == NoiseLayout::Form::variances) {}
  bool needs_parameters() const override { return true; }

  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override {
    covariances_ = covariances;
    kinds_.clear();
    for (std::size_t k = 0; k < covariances.size(); ++k) {
      kinds_.emplace_back(covariances[k]);
      frame.log_peak.push_back(kinds_[k].log_peak());
      frame.log_most.push_back(kinds_[k].log_peak() + most_beyond(covariances[k]));
    }
  }

  void load(const RowBlock<T>& block, std::size_t first, std::size_t n, const Frame& frame, Tile& tile) const override {
    expects(block.noise != nullptr, "rows have no noise, and the model was made for some");
    const std::size_t d = frame.n_features, width = block.noise_width, groups = n_groups<double>(frame.tile_rows);
    tile.measured.resize(groups * group_stride<double>(d));
    tile.noise.resize(groups * group_stride<double>(width));
    load_doubles(block.row(first), n, d, frame.origin, tile.measured.data());
    load_doubles(block.noise + first * width, n, width, std::vector<T>(width, T(0)), tile.noise.data());
    const std::size_t n_values = n_groups<double>(n) * group_stride<double>(d);
    tile.has_gaps = std::any_of(tile.measured.data(), tile.measured.data() + n_values,
                                [](double value) { return std::isnan(value); });
  }
  void clear_rows(const double* weight, const Frame& frame, Tile& tile) const override {
    constexpr std::size_t g = group_rows<double>;
    for (std::size_t r = 0; r < tile.n_rows; ++r)
      for (std::size_t j = 0; weight[r] == 0 && j < frame.n_features; ++j)
        tile.measured[r / g * group_stride<double>(frame.n_features) + j * g + r % g] = 0;
  }

  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override {
    const NoisyRows rows = rows_of(frame, tile);
    tile.noisy_scratch.resize(Kind::scratch(frame.n_features));
    const std::vector<double> means(frame.means.begin(), frame.means.end());
    for (std::size_t k = 0; k < frame.n_clusters; ++k)
      Kind::score(rows,
                  {means.data() + k * frame.n_features, kinds_[k].numbers(), nullptr,
                   constants.constant[k] + kinds_[k].half_log_determinant()},
                  tile.noisy_scratch.data(), joint + k * frame.tile_rows);
  }

  void denoise(const RowBlock<T>& /*block*/, std::size_t /*first*/, const Frame& frame, Tile& tile,
               const double* responsibilities, double* means, double* deviations) const override {
    const std::size_t d = frame.n_features, n = frame.n_clusters, all = tile.n_rows * d;
    const std::vector<double> centres(frame.means.begin(), frame.means.end());
    std::vector<double> of_each(n * all), variances(n * all);
    tile.noisy_scratch.resize(Kind::scratch(d));
    for (std::size_t k = 0; k < n; ++k)
      Kind::posterior(rows_of(frame, tile), {centres.data() + k * d, kinds_[k].numbers(), nullptr, 0},
                      tile.noisy_scratch.data(), of_each.data() + k * all, variances.data() + k * all);
    for (std::size_t i = 0; i < all; ++i) {
      const Blend found = blend(
          {responsibilities + i / d * n, n}, [&](std::size_t k) { return of_each[k * all + i]; },
          [&](std::size_t k) { return variances[k * all + i]; });
      means[i] = static_cast<double>(frame.origin[i % d]) + found.mean;
      deviations[i] = found.deviation;
    }
  }

  std::size_t n_sums(const Frame& frame) const override {
    return frame.n_clusters * (frame.n_features + Kind::n_seconds(frame.n_features));
  }
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override {
    const std::size_t d = frame.n_features;
    const NoisyRows rows = rows_of(frame, tile);
    tile.noisy_scratch.resize(Kind::scratch(d));
    const std::vector<double> means(frame.means.begin(), frame.means.end());
    std::vector<double> shift(d);
    for (std::size_t k = 0; k < frame.n_clusters; ++k, sums += d + Kind::n_seconds(d)) {
      for (std::size_t j = 0; j < d; ++j) shift[j] = means[k * d + j] - static_cast<double>(frame.centres[k * d + j]);
      const bool recentred = frame.sums == SumsTaken::recentred;
      if (recentred) shift = kinds_[k].solved(shift);
      Kind::add(rows, {means.data() + k * d, kinds_[k].numbers(), recentred ? shift.data() : nullptr, 0},
                weighted + k * frame.tile_rows, tile.noisy_scratch.data(), sums, sums + d);
    }
  }

  /// sum r (E[x] - centre) = Sigma (sum r u).
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    ComponentSums mine = GaussianKernels<T>::sums_of(frame, k, n, sums);
    mine.component = k;
    mine.first = kinds_[k].times(mine.first);
    return mine;
  }
  Scatter scatter_of(const ComponentSums& component) const override {
    return kinds_[component.component].scatter(covariances_[component.component], component);
  }

 private:
  [[nodiscard]] NoisyRows rows_of(const Frame& frame, const Tile& tile) const {
    return {tile.measured.data(), tile.noise.data(), diagonal_, tile.has_gaps, tile.n_rows, frame.n_features};
  }

  bool diagonal_;
  std::vector<Matrix> covariances_;
  std::vector<Kind> kinds_;
};

/// A full covariance.
class FullKind {
 public:
  explicit FullKind(const Matrix& covariance) : covariance_(covariance) {
    const Whitening whitening = whitening_of(covariance);
    log_peak_ = whitening.log_peak;
    precision_ = gram(whitening.inverse);
    for (std::size_t i = 0; i < covariance.rows; ++i)
      for (std::size_t j = 0; j <= i; ++j) packed_.push_back(covariance(i, j));
  }
  static std::size_t n_seconds(std::size_t d) { return packed(d, 0); }
  static std::size_t scratch(std::size_t d) { return noisy_scratch(d); }
  static void score(const NoisyRows& rows, const NoisyComponent& k, double* scratch, double* joint) {
    noisy_score(rows, k, scratch, joint);
  }
  static void add(const NoisyRows& rows, const NoisyComponent& k, const double* weight, double* scratch, double* sum,
                  double* seconds) {
    noisy_add(rows, k, weight, scratch, sum, seconds);
  }
  static void posterior(const NoisyRows& rows, const NoisyComponent& k, double* scratch, double* means,
                        double* variances) {
    noisy_posterior(rows, k, scratch, means, variances);
  }
  [[nodiscard]] double log_peak() const { return log_peak_; }
  [[nodiscard]] double half_log_determinant() const {
    return -log_peak_ - 0.5 * static_cast<double>(covariance_.rows) * log_two_pi;
  }
  [[nodiscard]] const double* numbers() const { return packed_.data(); }
  [[nodiscard]] std::vector<double> times(std::span<const double> vector) const { return product(covariance_, vector); }
  [[nodiscard]] std::vector<double> solved(std::span<const double> vector) const { return product(precision_, vector); }

  /// n Sigma + Sigma U Sigma - n d d^T.
  [[nodiscard]] Scatter scatter(const Matrix& covariance, const ComponentSums& sums) const {
    const std::size_t d = covariance.rows;
    Matrix half(d, d);  // U Sigma
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < d; ++j)
        for (std::size_t t = 0; t < d; ++t)
          half(i, j) += sums.second[i >= t ? packed(i, t) : packed(t, i)] * covariance(t, j);
    Scatter scatter{Matrix(d, d), std::vector<double>(d, sums.n)};
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = sums.n * (covariance(i, j) - sums.step(i) * sums.step(j));
        for (std::size_t t = 0; t < d; ++t) sum += covariance(i, t) * half(t, j);
        scatter.values(i, j) = scatter.values(j, i) = sum;
      }
    return scatter;
  }

 private:
  Matrix covariance_;
  Matrix precision_;
  std::vector<double> packed_;
  double log_peak_ = 0;
};

/// Variances of features that vary, and are measured, independently.
class DiagonalKind {
 public:
  explicit DiagonalKind(const Matrix& variances) : variances_(variances.values) {
    for (const double variance : variances_) half_log_determinant_ += 0.5 * log_of(variance);
  }
  static std::size_t n_seconds(std::size_t d) { return d; }
  static std::size_t scratch(std::size_t /*d*/) { return 0; }
  static void score(const NoisyRows& rows, const NoisyComponent& k, double* /*scratch*/, double* joint) {
    noisy_diagonal_score(rows, k, joint);
  }
  static void add(const NoisyRows& rows, const NoisyComponent& k, const double* weight, double* /*scratch*/,
                  double* sum, double* seconds) {
    noisy_diagonal_add(rows, k, weight, sum, seconds);
  }
  static void posterior(const NoisyRows& rows, const NoisyComponent& k, double* /*scratch*/, double* means,
                        double* variances) {
    noisy_diagonal_posterior(rows, k, means, variances);
  }
  [[nodiscard]] double log_peak() const {
    return -half_log_determinant_ - 0.5 * static_cast<double>(variances_.size()) * log_two_pi;
  }
  [[nodiscard]] double half_log_determinant() const { return half_log_determinant_; }
  [[nodiscard]] const double* numbers() const { return variances_.data(); }
  [[nodiscard]] std::vector<double> times(std::span<const double> vector) const {
    std::vector<double> result(vector.begin(), vector.end());
    for (std::size_t j = 0; j < result.size(); ++j) result[j] *= variances_[j];
    return result;
  }
  [[nodiscard]] std::vector<double> solved(std::span<const double> vector) const {
    std::vector<double> result(vector.begin(), vector.end());
    for (std::size_t j = 0; j < result.size(); ++j) result[j] /= variances_[j];
    return result;
  }
  [[nodiscard]] Scatter scatter(const Matrix& variances, const ComponentSums& sums) const {
    Scatter scatter{Matrix(1, variances_.size()), std::vector<double>(variances_.size(), sums.n)};
    for (std::size_t j = 0; j < variances_.size(); ++j) {
      const double variance = variances.values[j], step = sums.step(j);
      scatter.values(0, j) = sums.n * (variance - step * step) + variance * (variance * sums.second[j]);
    }
    return scatter;
  }

 private:
  std::vector<double> variances_;
  double half_log_determinant_ = 0;
};

}  // namespace

template <class T>
std::unique_ptr<GaussianKernels<T>> noisy_kernels(Covariance covariance, const NoiseLayout& layout) {
  if (covariance == Covariance::full) return std::make_unique<Noisy<T, FullKind>>(layout);
  expects(covariance == Covariance::diag && layout.form == NoiseLayout::Form::variances,
          "noise: full, or diag with variances");
  return std::make_unique<Noisy<T, DiagonalKind>>(layout);
}
template std::unique_ptr<GaussianKernels<float>> noisy_kernels<float>(Covariance, const NoiseLayout&);
template std::unique_ptr<GaussianKernels<double>> noisy_kernels<double>(Covariance, const NoiseLayout&);

}  // namespace shoal
