#include "shoal/model/gaussian/gaussian_components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/gaussian/gaussian_kernels.hpp"
#include "shoal/core/error.hpp"
#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {

template <class T>
GaussianComponents<T>::GaussianComponents(const ModelOptions& options, const RowLayout& layout)
    : options_(options.of<GaussianOptions>()), means_(options.n_clusters, layout.n_features), frame_(means_) {
  const Covariance kind = options_.covariance;
  const bool missing = options.missing == Missing::marginalize;
  policy_ = &covariance_policy(kind);
  noisy_ = !layout.noise.none();
  if (layout.noise.of_each_row()) {
    kernels_ = noisy_kernels<T>(kind, layout.noise);
    return;
  }
  kernels_ = has_matrices(kind) ? triangular_kernels<T>(kind, missing) : diagonal_kernels<T>(kind, missing);
  if (!layout.noise.none())
    kernels_ = deconvolving_kernels<T>(std::move(kernels_), kind, layout.noise, layout.n_features);
}

template <class T>
GaussianComponents<T>::GaussianComponents(GaussianComponents&&) noexcept = default;

template <class T>
GaussianComponents<T>::~GaussianComponents() = default;

template <class T>
GaussianComponents<T>::Workspace::Workspace(const GaussianComponents& components)
    : GaussianTile<T>(components.frame_, components.kernels_->n_moments(components.n_features())) {}

// ---- E-step

template <class T>
void GaussianComponents<T>::prepare() {
  frame_ = GaussianFrame<T>(means_);
  kernels_->prepare(covariances_, frame_);
  if (frame_.form) frame_.sum_about_origin(SumsTaken::by_moments);
}

template <class T>
std::size_t GaussianComponents<T>::n_sums() const {
  return kernels_->n_sums(frame_);
}

template <class T>
std::size_t GaussianComponents<T>::load(const RowBlock<T>& block, std::size_t first, std::size_t n,
                                        Workspace& workspace) const {
  workspace.n_rows = n;
  if (frame_.form) {
    load_groups(block.row(first), n, n_features(), frame_.origin.data(), workspace.moments.data(),
                group_stride<T>(frame_.form->columns()));
    complete_moments(frame_.form->kind, n, n_features(), workspace.moments.data());
  }
  if (!frame_.form || frame_.sums == SumsTaken::recentred)
    load_groups(block.row(first), n, n_features(), frame_.origin.data(), workspace.rows.data());
  kernels_->load(block, first, n, frame_, workspace);
  return n_groups<T>(n) * group_rows<T>;
}

template <class T>
void GaussianComponents<T>::clear_rows(const double* weight, Workspace& workspace) const {
  const auto clear = [](LargeVector<T>& groups, std::size_t columns, std::size_t r) {
    T* row = groups.data() + r / group_rows<T> * group_stride<T>(columns) + r % group_rows<T>;
    for (std::size_t j = 0; j < columns; ++j) row[j * group_rows<T>] = T(0);
  };
  for (std::size_t r = 0; r < workspace.n_rows; ++r) {
    if (weight[r] != 0) continue;
    clear(workspace.rows, n_features(), r);
    if (frame_.form) clear(workspace.moments, frame_.form->columns(), r);
    for (std::size_t i = r; i < workspace.squared.size(); i += tile_rows()) workspace.squared[i] = 0;
  }
  kernels_->clear_rows(weight, frame_, workspace);
}

template <class T>
void GaussianComponents<T>::score(Workspace& workspace, const ScoreConstants& constants, double* joint) const {
  if (!frame_.form) return kernels_->score(frame_, workspace, constants, joint);
  std::vector<double> at_origin(frame_.form->constants);
  for (std::size_t k = 0; k < n_clusters(); ++k) at_origin[k] += constants.constant[k];
  linear_score<T>(workspace.moments.data(), workspace.n_rows, frame_.form->columns(),
                  {n_clusters(), frame_.form->coefficients.data(), at_origin.data()}, joint, tile_rows());
}

template <class T>
void GaussianComponents<T>::add(Workspace& workspace, const double* weighted, double* sums) const {
  if (frame_.sums != SumsTaken::by_moments) return kernels_->add(frame_, workspace, weighted, sums);
  add_weighted_rows(workspace.moments.data(), workspace.n_rows, frame_.form->columns(), weighted, tile_rows(),
                    n_clusters(), workspace.scatter, sums, frame_.form->columns());
}

template <class T>
void GaussianComponents<T>::denoise(const RowBlock<T>& block, std::size_t first, Workspace& workspace,
                                    const double* responsibilities, double* means, double* deviations) const {
  kernels_->denoise(block, first, frame_, workspace, responsibilities, means, deviations);
}

/// With noise, what is missing is of the true values.
template <class T>
void GaussianComponents<T>::impute(const RowBlock<T>& block, std::size_t first, Workspace& workspace,
                                   const double* responsibilities, double* imputed, double* deviations) const {
  const std::size_t n = workspace.n_rows * n_features();
  std::copy_n(block.row(first), n, imputed);
  std::fill_n(deviations, n, 0.0);
  if (!noisy_) return kernels_->impute(frame_, workspace, responsibilities, imputed, deviations);
  std::vector<double> means(n), spreads(n);
  denoise(block, first, workspace, responsibilities, means.data(), spreads.data());
  for (std::size_t i = 0; i < n; ++i)
    if (std::isnan(imputed[i])) imputed[i] = means[i], deviations[i] = spreads[i];
}

// ---- M-step

template <class T>
void GaussianComponents<T>::begin_fit(const RowPass<T>& pass, const ColumnMoments& moments) {
  regularization_of_fit_ = regularization_of(options_, moments);
  const auto constant = std::ranges::count_if(moments.variance, [](double variance) { return !(variance > 0); });
  if (constant > 0)
    warnings_ = {fmt::format("{} of {} features {}; the variance there is that of --regularization alone", constant,
                             n_features(), constant == 1 ? "is constant" : "are constant")};
  moments_ = moments;
  kernels_->begin_fit(pass, frame_, moments_.mean);
}

template <class T>
void GaussianComponents<T>::end_fit() {
  kernels_->end_fit(frame_);
}

/// Each takes what is not known of a row by what the one before found, first by nothing but how features vary in all
/// rows; what that adds to the spread within clusters shrinks at each step by the share of what is missing.
template <class T>
int GaussianComponents<T>::start_steps() const {
  return kernels_->needs_parameters() ? 4 : 1;
}

template <class T>
void GaussianComponents<T>::start(const std::vector<T>& seeds) {
  std::ranges::copy(seeds, means_.values.begin());
  for (std::size_t i = 0; i < means_.values.size(); ++i)
    if (std::isnan(means_.values[i])) means_.values[i] = moments_.mean[i % n_features()];
  if (kernels_->needs_parameters()) {
    Matrix spread(layout().rows, layout().columns);
    for (std::size_t j = 0; j < n_features(); ++j)
      spread(spread.rows == 1 ? 0 : j, j) =
          moments_.variance[j] > 0 ? moments_.variance[j] : regularization_of_fit_.floor[j];
    covariances_.assign(layout().count, spread);
    return prepare();
  }
  frame_ = GaussianFrame<T>(means_);
  frame_.recentre(means_);
}

template <class T>
GaussianStep GaussianComponents<T>::step(std::span<const double> n, std::span<const double> sums) const {
  Step step{means_, {}, {}};
  for (std::size_t k = 0; k < n_clusters(); ++k) step.components.push_back(kernels_->sums_of(frame_, k, n[k], sums));
  kernels_->complete(frame_, step);
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t j = 0; j < n_features() && !holds(means_held_, k); ++j)
      if (step.components[k].weight(j) > 0)
        step.means(k, j) = static_cast<double>(frame_.origin[j]) +
                           (static_cast<double>(frame_.centres[k * n_features() + j]) + step.components[k].step(j));
  return step;
}

/// pool_small: a component of too few rows for a covariance of its own takes that of all. Whether any bit changed. One
/// matrix at a time, as all together may be most of what a rank holds.
template <class T>
bool GaussianComponents<T>::take(std::span<const double> n, Step& step, bool pool_small, std::int64_t& collapsed) {
  bool changed = !same_bits(means_.values, step.means.values);
  const auto replace = [&](std::size_t k, Matrix&& next) {
    changed = changed || !same_bits(covariances_[k].values, next.values);
    covariances_[k] = std::move(next);
  };
  covariances_.resize(layout().count);
  const bool shared = step.shared.has_value();
  for (std::size_t k = 0; k < n_clusters() && shared; ++k)
    if (holds(means_held_, k)) step.shared->add_step(step.components[k], beyond_mean(step.components[k], k));
  if (shared && !holds(covariances_held_, 0))
    replace(0, policy_->updated(*std::move(step.shared), regularization_of_fit_, collapsed));
  else if (n_clusters() > 1)
    pooled_ = pooled(step.components);
  for (std::size_t k = 0; k < n_clusters() && !shared; ++k)
    if (pool_small && n_clusters() > 1 && n[k] < static_cast<double>(n_features() + 1))
      replace(k, Matrix(pooled_));
    else if (n[k] > 0 && !holds(covariances_held_, k)) {
      Scatter scatter = kernels_->scatter_of(step.components[k]);
      if (holds(means_held_, k)) scatter.add_step(step.components[k], beyond_mean(step.components[k], k));
      replace(k, policy_->updated(std::move(scatter), regularization_of_fit_, collapsed));
    }
  means_ = step.means;
  prepare();
  return changed;
}

/// From a mean that is held to where the rows' is.
template <class T>
std::vector<double> GaussianComponents<T>::beyond_mean(const ComponentSums& component, std::size_t k) const {
  std::vector<double> beyond(n_features());
  for (std::size_t j = 0; j < beyond.size(); ++j) {
    const std::size_t i = k * beyond.size() + j;
    beyond[j] = component.step(j) - (static_cast<double>(frame_.means[i]) - static_cast<double>(frame_.centres[i]));
  }
  return beyond;
}

template <class T>
void GaussianComponents<T>::hold(const Held& held) {
  means_held_ = covariances_held_ = {};
  if (held.empty()) return;
  means_held_ = held_components(held, "means", n_clusters());
  covariances_held_ = held_components(held, "covariances", n_clusters());
}

/// The covariance over several components.
template <class T>
Matrix GaussianComponents<T>::pooled(const std::vector<ComponentSums>& components) const {
  Scatter all = kernels_->scatter_of(components.front());
  for (std::size_t k = 1; k < components.size(); ++k) all += kernels_->scatter_of(components[k]);
  std::int64_t not_counted = 0;
  return policy_->updated(std::move(all), regularization_of_fit_, not_counted);
}

template <class T>
void GaussianComponents<T>::reseed(std::size_t k, std::span<const T> row) {
  for (std::size_t j = 0; j < n_features(); ++j)
    means_(k, j) = std::isnan(row[j]) ? moments_.mean[j] : static_cast<double>(row[j]);
  if (covariances_.size() > 1) covariances_[k] = pooled_;  // which the only one is
  prepare();
}

template <class T>
void GaussianComponents<T>::remove(const std::vector<std::size_t>& clusters) {
  means_ = without_rows(means_, clusters);
  if (covariances_.size() > 1)
    for (auto k = clusters.rbegin(); k != clusters.rend(); ++k)
      covariances_.erase(covariances_.begin() + static_cast<std::ptrdiff_t>(*k));
  prepare();
}

// ---- files

template <class T>
NamedArrays GaussianComponents<T>::parameters() const {
  NamedArray covariances{"covariances", layout().shape, {}};
  covariances.values.reserve(covariances.size());
  for (const Matrix& covariance : covariances_)
    covariances.values.insert(covariances.values.end(), covariance.values.begin(), covariance.values.end());
  NamedArrays arrays = {as_array("means", means_)};
  arrays.push_back(std::move(covariances));  // large
  return arrays;
}

template <class T>
void GaussianComponents<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  means_ = require_matrix(arrays, "means", n_clusters(), n_features(), source);
  const CovarianceLayout stored = layout();
  auto next = require_array(arrays, "covariances", stored.shape, source).values.begin();
  covariances_.assign(stored.count, Matrix(stored.rows, stored.columns));
  for (std::size_t k = 0; k < stored.count; ++k) {
    for (double& value : covariances_[k].values) value = *next++;
    if (!policy_->is_positive(covariances_[k]))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters/covariances: number {} is not positive definite", source, k));
  }
  prepare();
}

template <class T>
std::int64_t GaussianComponents<T>::n_parameters() const {
  std::size_t n = 0;
  for (std::size_t k = 0; k < n_clusters(); ++k) n += holds(means_held_, k) ? 0 : n_features();
  for (std::size_t k = 0; k < layout().count; ++k) n += holds(covariances_held_, k) ? 0 : layout().n_free;
  return static_cast<std::int64_t>(n);
}

template class GaussianComponents<float>;
template class GaussianComponents<double>;

}  // namespace shoal
