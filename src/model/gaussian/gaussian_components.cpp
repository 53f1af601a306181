#include "shoal/model/gaussian/gaussian_components.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "shoal/core/error.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/gaussian_kernels.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

const double log_two_pi = 1.8378770664093454836;  // ln 2 pi

}  // namespace

template <class T>
GaussianComponents<T>::GaussianComponents(const ModelOptions& options, std::size_t n_features)
    : covariance_(options.covariance),
      missing_(options.missing == Missing::marginalize),
      regularization_(options.regularization),
      regularization_absolute_(options.regularization_absolute),
      means_(options.n_clusters, n_features) {}

// ---- E-step

template <class T>
void GaussianComponents<T>::prepare() {
  const std::size_t d = n_features();
  origin_ = origin_of<T>(means_);
  kernel_means_ = shifted<T>(means_, origin_);
  centre_ = kernel_means_;
  triangles_.clear();
  precisions_.clear();
  constants_.clear();
  log_norm_.clear();
  for (const Matrix& covariance : covariances_) {
    if (triangle()) {
      const auto factor = cholesky(covariance);
      if (!factor) throw Error(ExitCode::bad_data, "a covariance matrix is not positive definite");
      triangles_.push_back(pack_triangle<T>(inverse_lower(factor->lower)));
      log_norm_.push_back(static_cast<double>(d) * log_two_pi + factor->log_determinant);
      continue;
    }
    std::vector<double> variance(d);
    for (std::size_t j = 0; j < d; ++j) variance[j] = covariance.values[covariance.columns == 1 ? 0 : j];
    std::vector<T> precision(d);
    std::ranges::transform(variance, precision.begin(), [](double v) { return static_cast<T>(1 / v); });
    log_of(variance, variance);
    for (double& v : variance) v += log_two_pi;
    precisions_.push_back(std::move(precision));
    constants_.push_back(std::move(variance));
  }
}

template <class T>
void GaussianComponents<T>::load(const RowBlock<T>& block, std::size_t first, std::size_t n,
                                 Workspace& workspace) const {
  workspace.tile.load(block, first, n, origin_);
}

template <class T>
void GaussianComponents<T>::score(Workspace& workspace, double* joint) const {
  const std::size_t d = n_features();
  for (std::size_t k = 0; k < n_clusters(); ++k) {
    double* out = joint + k * tile_rows;
    const std::size_t shape = covariance_ == Covariance::tied ? 0 : k;
    const T* mean = kernel_means_.data() + k * d;
    if (triangle())
      quadratic_form(workspace.tile.columns.data(), mean, triangles_[shape].data(), d, workspace.columns.data(), out);
    else
      diagonal_form(workspace.tile.columns.data(), mean, precisions_[k].data(), constants_[k].data(), d, out);
    const double log_norm = triangle() ? log_norm_[shape] : 0.0;
    for (std::size_t r = 0; r < tile_rows; ++r) out[r] = -0.5 * (out[r] + log_norm);
  }
}

// ---- sums: for each component D firsts, D or D (D + 1) / 2 seconds, D weights with missing values; tied: the firsts
// of all components, then one triangle

template <class T>
std::size_t GaussianComponents<T>::n_sums() const {
  const std::size_t d = n_features();
  if (covariance_ == Covariance::tied) return n_clusters() * d + packed(d, 0);
  return n_clusters() * (d + (triangle() ? packed(d, 0) : d) + (missing_ ? d : 0));
}

template <class T>
std::size_t GaussianComponents<T>::second_offset(std::size_t k) const {
  if (covariance_ == Covariance::tied) return n_clusters() * n_features();
  return k * (n_sums() / n_clusters()) + n_features();
}

template <class T>
void GaussianComponents<T>::add(Workspace& workspace, const double* weighted, double* sums) const {
  const std::size_t d = n_features();
  const Tile<T>& tile = workspace.tile;
  for (std::size_t k = 0; k < n_clusters(); ++k) {
    double* second = sums + second_offset(k);
    double* first = covariance_ == Covariance::tied ? sums + k * d : second - d;
    const T* centre = centre_.data() + k * d;
    if (triangle())
      add_scatter(tile.rows.data(), tile.n_rows, tile.stride, centre, weighted + k * tile_rows, d,
                  workspace.rows.data(), first, second);
    else
      add_squares(tile.rows.data(), tile.n_rows, tile.stride, centre, weighted + k * tile_rows, d, first, second,
                  missing_ ? second + d : nullptr);
  }
}

template <class T>
ComponentSums GaussianComponents<T>::sums_of(std::size_t k, std::span<const double> n,
                                             std::span<const double> sums) const {
  const std::size_t d = n_features();
  const std::size_t second = second_offset(k);
  const std::size_t first = covariance_ == Covariance::tied ? k * d : second - d;
  return {n[k], sums.subspan(first, d), sums.subspan(second, triangle() ? packed(d, 0) : d),
          missing_ ? sums.subspan(second + d, d) : std::span<const double>{}};
}

// ---- files

template <class T>
NamedArrays GaussianComponents<T>::parameters() const {
  const std::size_t d = n_features();
  NamedArray covariances{"covariances", {n_clusters(), d, d}, {}};
  if (covariance_ == Covariance::tied) covariances.shape = {d, d};
  if (covariance_ == Covariance::diag) covariances.shape = {n_clusters(), d};
  if (covariance_ == Covariance::spherical) covariances.shape = {n_clusters()};
  for (const Matrix& covariance : covariances_)
    covariances.values.insert(covariances.values.end(), covariance.values.begin(), covariance.values.end());
  return {as_array("means", means_), covariances};
}

template <class T>
void GaussianComponents<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  const std::size_t d = n_features();
  const std::size_t k = n_clusters();
  means_ = require_matrix(arrays, "means", k, d, source);
  std::vector<std::size_t> shape = {k, d, d};
  Matrix one(d, d);
  if (covariance_ == Covariance::tied) shape = {d, d};
  if (covariance_ == Covariance::diag) shape = {k, d}, one = Matrix(1, d);
  if (covariance_ == Covariance::spherical) shape = {k}, one = Matrix(1, 1);
  const NamedArray& stored = require_array(arrays, "covariances", shape, source);
  covariances_.clear();
  for (auto next = stored.values.begin(); next != stored.values.end();
       next += static_cast<std::ptrdiff_t>(one.values.size())) {
    std::copy(next, next + static_cast<std::ptrdiff_t>(one.values.size()), one.values.begin());
    const bool positive =
        triangle() ? cholesky(one).has_value() : std::ranges::all_of(one.values, [](double v) { return v > 0; });
    if (!positive)
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/covariances: number {} is not positive definite",
                                                  source, covariances_.size()));
    covariances_.push_back(one);
  }
  prepare();
}

template <class T>
std::int64_t GaussianComponents<T>::n_parameters() const {
  const std::size_t d = n_features();
  std::size_t covariance = n_clusters();  // spherical
  if (covariance_ == Covariance::full) covariance = n_clusters() * packed(d, 0);
  if (covariance_ == Covariance::tied) covariance = packed(d, 0);
  if (covariance_ == Covariance::diag) covariance = n_clusters() * d;
  return static_cast<std::int64_t>(n_clusters() * d + covariance);
}

template class GaussianComponents<float>;
template class GaussianComponents<double>;

}  // namespace shoal
