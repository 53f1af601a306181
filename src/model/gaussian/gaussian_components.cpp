#include "shoal/model/gaussian/gaussian_components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "shoal/core/error.hpp"
#include "shoal/data/origin.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

const double log_two_pi = 1.8378770664093454836;  // ln 2 pi

}  // namespace

template <class T>
GaussianComponents<T>::GaussianComponents(const ModelOptions& options, std::size_t n_features)
    : covariance_(options.of<GaussianOptions>().covariance),
      missing_(options.missing == Missing::marginalize),
      regularization_(options.of<GaussianOptions>().regularization),
      regularization_absolute_(options.of<GaussianOptions>().regularization_absolute),
      means_(options.n_clusters, n_features) {}

template <class T>
GaussianComponents<T>::Workspace::Workspace(const GaussianComponents& components)
    : rows(n_groups<T>(components.tile_rows()) * group_stride<T>(components.n_features())),
      whitened(components.covariance_ == Covariance::tied ? rows.size() : 0),
      squared(components.one_square() ? components.n_clusters() * components.tile_rows() : 0),
      best(components.tile_rows()),
      form(components.n_features() * group_rows<T>),
      scatter(components.tile_rows(), components.n_features(),
              components.may_use_moments() ? n_moments(components.moments(), components.n_features()) : 0) {
  if (components.may_use_moments())
    moments.resize(n_groups<T>(components.tile_rows()) *
                   group_stride<T>(n_moments(components.moments(), components.n_features())));
}

// ---- E-step

template <class T>
void GaussianComponents<T>::prepare() {
  origin_ = origin_of<T>(means_);
  kernel_means_ = shifted<T>(means_, origin_);
  centre_ = kernel_means_;
  recentred_ = false;
  log_peak_.clear();
  const std::vector<Matrix> precisions = triangle() ? prepare_triangles() : prepare_diagonals();
  form_.reset();
  if (may_use_moments()) form_ = moment_form<T>(moments(), kernel_means_, precisions, covariances_);
  if (form_) std::ranges::fill(centre_, T(0));
  if (covariance_ != Covariance::tied) return;
  direct_ = total_variance_.empty();
  for (std::size_t j = 0; j < total_variance_.size(); ++j)
    direct_ = direct_ || covariances_[0](j, j) < 4 * least_within_share * total_variance_[j];
  if (!direct_) std::ranges::fill(centre_, T(0));
}

template <class T>
bool GaussianComponents<T>::may_use_moments() const {
  if (missing_ || covariance_ == Covariance::tied) return false;
  return covariance_ != Covariance::full || n_features() <= most_product_features;
}

template <class T>
Moments GaussianComponents<T>::moments() const {
  if (covariance_ == Covariance::full) return Moments::products;
  return covariance_ == Covariance::diag ? Moments::squares : Moments::square_sum;
}

/// Returns the inverse covariances where moments may need them.
template <class T>
std::vector<Matrix> GaussianComponents<T>::prepare_triangles() {
  const std::size_t d = n_features();
  std::vector<Matrix> precisions;
  triangles_.clear();
  whitened_means_.clear();
  for (const Matrix& covariance : covariances_) {
    const auto factor = cholesky(covariance);
    if (!factor)
      throw Error(
          ExitCode::bad_data,
          "a covariance matrix is not positive definite, or infinite; change --regularization, or scale the data");
    const Matrix inverse = inverse_lower(factor->lower);
    triangles_.push_back(pack_triangle<T>(inverse));
    log_peak_.push_back(-0.5 * (static_cast<double>(d) * log_two_pi + factor->log_determinant));
    if (may_use_moments()) precisions.push_back(gram(inverse));
    if (covariance_ != Covariance::tied) continue;
    log_peak_.resize(n_clusters(), log_peak_[0]);
    for (std::size_t k = 0; k < n_clusters(); ++k)
      for (std::size_t i = 0; i < d; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j <= i; ++j) sum += inverse(i, j) * static_cast<double>(kernel_means_[k * d + j]);
        whitened_means_.push_back(static_cast<T>(sum));
      }
  }
  return precisions;
}

template <class T>
std::vector<Matrix> GaussianComponents<T>::prepare_diagonals() {
  const std::size_t d = n_features();
  std::vector<Matrix> precisions;
  precisions_.clear();
  scales_.clear();
  log_norms_.clear();
  for (const Matrix& covariance : covariances_) {
    std::vector<double> variance(d);
    for (std::size_t j = 0; j < d; ++j) variance[j] = covariance.values[covariance.columns == 1 ? 0 : j];
    for (const double v : variance) precisions_.push_back(static_cast<T>(1 / v));
    scales_.push_back(one_square() ? 1 / variance[0] : 1);
    log_of(variance, variance);
    for (double& v : variance) v += log_two_pi;
    log_peak_.push_back(-0.5 * std::accumulate(variance.begin(), variance.end(), 0.0));
    log_norms_.push_back(std::move(variance));
    precisions.push_back(covariance);
    for (double& value : precisions.back().values) value = 1 / value;
  }
  return precisions;
}

template <class T>
std::size_t GaussianComponents<T>::load(const RowBlock<T>& block, std::size_t first, std::size_t n,
                                        Workspace& workspace) const {
  workspace.n_rows = n;
  if (form_) {
    load_groups(block.row(first), n, n_features(), origin_.data(), workspace.moments.data(),
                group_stride<T>(form_->columns()));
    complete_moments(form_->kind, n, n_features(), workspace.moments.data());
  }
  if (!form_ || recentred_) load_groups(block.row(first), n, n_features(), origin_.data(), workspace.rows.data());
  return n_groups<T>(n) * group_rows<T>;
}

template <class T>
void GaussianComponents<T>::score(Workspace& workspace, const ScoreConstants& constants, double* joint) const {
  const std::size_t d = n_features();
  const std::size_t pitch = tile_rows();
  const T* rows = workspace.rows.data();
  if (form_) {
    std::vector<double> at_origin(form_->constants);
    for (std::size_t k = 0; k < n_clusters(); ++k) at_origin[k] += constants.constant[k];
    linear_score<T>(workspace.moments.data(), workspace.n_rows, form_->columns(),
                    {n_clusters(), form_->coefficients.data(), at_origin.data()}, joint, pitch);
  } else if (covariance_ == Covariance::full) {
    std::ranges::fill(workspace.best, -std::numeric_limits<double>::infinity());
    for (std::size_t k = 0; k < n_clusters(); ++k)
      triangular_score<T>(
          rows, workspace.n_rows, d,
          {kernel_means_.data() + k * d, triangles_[k].data(), constants.constant[k], constants.log_threshold[k]},
          workspace.form.data(), workspace.best.data(), joint + k * pitch);
  } else if (covariance_ == Covariance::tied) {
    whiten(rows, workspace.n_rows, d, triangles_[0].data(), workspace.whitened.data());
    diagonal_score<T>(workspace.whitened.data(), workspace.n_rows, d,
                      {n_clusters(), whitened_means_.data(), nullptr, nullptr, constants.constant.data()}, joint,
                      nullptr, pitch);
  } else if (missing_) {
    for (std::size_t k = 0; k < n_clusters(); ++k)
      observed_score(rows, workspace.n_rows, d, kernel_means_.data() + k * d, precisions_.data() + k * d,
                     log_norms_[k].data(), constants.constant[k], joint + k * pitch);
  } else {
    diagonal_score<T>(rows, workspace.n_rows, d,
                      {n_clusters(), kernel_means_.data(), one_square() ? nullptr : precisions_.data(), scales_.data(),
                       constants.constant.data()},
                      joint, one_square() ? workspace.squared.data() : nullptr, pitch);
  }
}

// ---- sums: for each component D firsts and the seconds, D (D + 1) / 2 (full), D (diag) or 1 (spherical), and D
// weights with missing values (then spherical as diag). Tied: the firsts of all components and, where the total scatter
// does not serve, one triangle. Firsts are about centre_; spherical ones about the origin.

template <class T>
std::size_t GaussianComponents<T>::n_sums() const {
  const std::size_t d = n_features();
  if (covariance_ == Covariance::tied) return n_clusters() * d + (direct_ ? packed(d, 0) : 0);
  return n_clusters() * (d + n_seconds() + (missing_ ? d : 0));
}

template <class T>
std::size_t GaussianComponents<T>::n_seconds() const {
  return triangle() ? packed(n_features(), 0) : one_square() ? 1 : n_features();
}

template <class T>
std::size_t GaussianComponents<T>::second_offset(std::size_t k) const {
  if (covariance_ == Covariance::tied) return n_clusters() * n_features();
  return k * (n_sums() / n_clusters()) + n_features();
}

template <class T>
void GaussianComponents<T>::add(Workspace& workspace, const double* weighted, double* sums) const {
  const std::size_t d = n_features();
  const std::size_t pitch = tile_rows();
  const T* rows = workspace.rows.data();
  if (form_ && !recentred_)
    return add_weighted_rows(workspace.moments.data(), workspace.n_rows, form_->columns(), weighted, pitch,
                             n_clusters(), workspace.scatter, sums, form_->columns());
  if (one_square()) return add_spherical(workspace, weighted, sums);
  if (covariance_ == Covariance::tied && !direct_)
    return add_weighted_rows(rows, workspace.n_rows, d, weighted, pitch, n_clusters(), workspace.scatter, sums, d);
  for (std::size_t k = 0; k < n_clusters(); ++k) {
    double* second = sums + second_offset(k);
    double* first = covariance_ == Covariance::tied ? sums + k * d : second - d;
    const T* centre = centre_.data() + k * d;
    if (triangle())
      add_scatter(rows, workspace.n_rows, d, centre, weighted + k * pitch, workspace.scatter, first, second);
    else
      add_squares(rows, workspace.n_rows, d, centre, weighted + k * pitch, workspace.scatter, first, second,
                  missing_ ? second + d : nullptr);
  }
}

template <class T>
void GaussianComponents<T>::add_spherical(Workspace& workspace, const double* weighted, double* sums) const {
  const std::size_t d = n_features();
  const std::size_t pitch = tile_rows();
  if (recentred_) {  // the E-step measured from the means, not from here
    const std::vector<double> zero(n_clusters(), 0.0);
    std::vector<double> unused(n_clusters() * pitch);
    diagonal_score<T>(workspace.rows.data(), workspace.n_rows, d,
                      {n_clusters(), centre_.data(), nullptr, nullptr, zero.data()}, unused.data(),
                      workspace.squared.data(), pitch);
  }
  add_weighted_rows(workspace.rows.data(), workspace.n_rows, d, weighted, pitch, n_clusters(), workspace.scatter, sums,
                    d + 1);
  for (std::size_t k = 0; k < n_clusters(); ++k)
    sums[second_offset(k)] +=
        weighted_sum(weighted + k * pitch, workspace.squared.data() + k * pitch, workspace.n_rows);
}

template <class T>
ComponentSums GaussianComponents<T>::sums_of(std::size_t k, std::span<const double> n,
                                             std::span<const double> sums) const {
  const std::size_t d = n_features();
  const std::size_t second = second_offset(k);
  const auto first = sums.subspan(covariance_ == Covariance::tied ? k * d : second - d, d);
  ComponentSums mine{n[k], {first.begin(), first.end()}, {}, {}};
  if (one_square())
    for (std::size_t j = 0; j < d; ++j) mine.first[j] -= n[k] * static_cast<double>(centre_[k * d + j]);
  if (covariance_ != Covariance::tied || direct_) mine.second = sums.subspan(second, n_seconds());
  if (missing_) mine.observed = sums.subspan(second + d, d);
  return mine;
}

// ---- files

template <class T>
NamedArrays GaussianComponents<T>::parameters() const {
  const std::size_t d = n_features();
  NamedArray covariances{"covariances", covariance_shape(covariance_, n_clusters(), d), {}};
  for (const Matrix& covariance : covariances_)
    covariances.values.insert(covariances.values.end(), covariance.values.begin(), covariance.values.end());
  return {as_array("means", means_), covariances};
}

template <class T>
void GaussianComponents<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  const std::size_t d = n_features();
  const std::size_t k = n_clusters();
  means_ = require_matrix(arrays, "means", k, d, source);
  const NamedArray& stored = require_array(arrays, "covariances", covariance_shape(covariance_, k, d), source);
  Matrix one(triangle() ? d : 1, covariance_ == Covariance::spherical ? 1 : d);
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
