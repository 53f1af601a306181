// The M-step of Gaussian components: means, covariances and their repair, and the rows that its sums leave out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shoal/data/origin.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/gaussian/gaussian_components.hpp"

namespace shoal {

template <class T>
void GaussianComponents<T>::begin_fit(const RowPass<T>& pass, const ColumnMoments& moments) {
  const std::size_t d = n_features();
  double sum = 0;
  std::size_t varying = 0;
  for (const double variance : moments.variance)
    if (variance > 0) sum += variance, ++varying;
  const double typical = varying > 0 ? sum / static_cast<double>(varying) : 1.0;
  added_.resize(d);
  floor_.resize(d);
  for (std::size_t j = 0; j < d; ++j) {
    const double variance = moments.variance[j] > 0 ? moments.variance[j] : typical;
    added_[j] = regularization_ * variance + regularization_absolute_;
    floor_[j] = added_[j] > 0 ? added_[j] : 1e-6 * variance;
  }
  if (varying < d)
    warnings_ = {
        fmt::format("{} of {} features are constant; their covariance is the regularisation alone", d - varying, d)};
  fill_ = moments.mean;
  if (covariance_ == Covariance::tied) measure_total(pass);
}

/// The scatter of all rows about their mean.
template <class T>
void GaussianComponents<T>::measure_total(const RowPass<T>& pass) {
  const std::size_t d = n_features();
  const std::vector<T> about(fill_.begin(), fill_.end());
  const std::vector<T> zero(d, T(0));
  const Statistics sums = pass.reduce({d + packed(d, 0), 0}, [&](const RowBlock<T>& block, Statistics& s) {
    Workspace workspace(*this);
    std::vector<double> weight(tile_rows());
    for (std::size_t first = 0; first < block.n_rows; first += tile_rows()) {
      const std::size_t n = std::min(tile_rows(), block.n_rows - first);
      std::ranges::fill(weight, 0.0);
      for (std::size_t r = 0; r < n; ++r) weight[r] = block.weight(first + r);
      load_groups(block.row(first), n, d, about.data(), workspace.rows.data());
      add_scatter(workspace.rows.data(), n, d, zero.data(), weight.data(), workspace.scatter, s.sums.data(),
                  s.sums.data() + d);
    }
  });
  const double total = pass.summary().total_weight;
  const ComponentSums all{total,
                          {sums.sums.begin(), sums.sums.begin() + static_cast<std::ptrdiff_t>(d)},
                          std::span(sums.sums).subspan(d),
                          {}};
  total_scatter_ = scatter_about_mean(all, true).values;
  total_mean_.resize(d);
  total_variance_.resize(d);
  for (std::size_t j = 0; j < d; ++j) {
    total_mean_[j] = static_cast<double>(about[j]) + all.step(j);
    total_variance_[j] = total_scatter_(j, j) / total;
  }
}

template <class T>
void GaussianComponents<T>::clear_rows(const double* weight, Workspace& workspace) const {
  const auto clear = [](std::vector<T>& groups, std::size_t columns, std::size_t r) {
    T* row = groups.data() + r / group_rows<T> * group_stride<T>(columns) + r % group_rows<T>;
    for (std::size_t j = 0; j < columns; ++j) row[j * group_rows<T>] = T(0);
  };
  for (std::size_t r = 0; r < workspace.n_rows; ++r) {
    if (weight[r] != 0) continue;
    clear(workspace.rows, n_features(), r);
    if (form_) clear(workspace.moments, form_->columns(), r);
    for (std::size_t i = r; i < workspace.squared.size(); i += tile_rows()) workspace.squared[i] = 0;
  }
}

template <class T>
void GaussianComponents<T>::end_fit() {
  total_variance_.clear();
  direct_ = true;
}

template <class T>
void GaussianComponents<T>::start(const std::vector<T>& seeds) {
  std::ranges::copy(seeds, means_.values.begin());
  for (std::size_t i = 0; i < means_.values.size(); ++i)
    if (std::isnan(means_.values[i])) means_.values[i] = fill_[i % n_features()];
  origin_ = origin_of<T>(means_);
  centre_ = shifted<T>(means_, origin_);
  recentred_ = true;
  direct_ = true;
  form_.reset();
}

/// Scatter about the new means: of each component, or (tied) of all in one.
template <class T>
std::vector<Scatter> GaussianComponents<T>::scatters(std::span<const ComponentSums> components) const {
  if (covariance_ == Covariance::tied)
    return {direct_ ? tied_scatter(components) : within_total(components, total_scatter_, total_mean_, centres())};
  std::vector<Scatter> each;
  for (const ComponentSums& component : components) each.push_back(scatter_about_mean(component, triangle()));
  return each;
}

template <class T>
GaussianStep GaussianComponents<T>::step(std::span<const double> n, std::span<const double> sums) const {
  std::vector<ComponentSums> components;
  for (std::size_t k = 0; k < n_clusters(); ++k) components.push_back(sums_of(k, n, sums));
  GaussianStep step{stepped_means(components), scatters(components)};
  step.lost_digits = lost_digits(components, step.scatter);
  return step;
}

template <class T>
bool GaussianComponents<T>::lost_digits(std::span<const ComponentSums> components,
                                        std::span<const Scatter> each) const {
  if (covariance_ == Covariance::tied && !direct_) return lost_total(each[0]);
  for (std::size_t k = 0; k < n_clusters(); ++k)
    if (components[k].n > 0 && shoal::lost_digits(components[k], each[covariance_ == Covariance::tied ? 0 : k]))
      return true;
  return false;
}

template <class T>
bool GaussianComponents<T>::lost_total(const Scatter& within) const {
  for (std::size_t j = 0; j < n_features(); ++j)
    if (total_scatter_(j, j) > 0 && within.values(j, j) < least_within_share * total_scatter_(j, j)) return true;
  return false;
}

template <class T>
void GaussianComponents<T>::recentre(const Step& step) {
  centre_ = shifted<T>(step.means, origin_);
  recentred_ = true;
  direct_ = true;
}

template <class T>
void GaussianComponents<T>::maximise(std::span<const double> n, const Step& step, Repairs& repairs) {
  take(n, step, false, repairs);
}

template <class T>
void GaussianComponents<T>::maximise_start(std::span<const double> n, const Step& step) {
  Repairs not_counted;  // a start may be poor; what the fit repairs is what counts
  take(n, step, true, not_counted);
}

/// The means after the step; a component or feature without weight stays.
template <class T>
Matrix GaussianComponents<T>::stepped_means(std::span<const ComponentSums> components) const {
  Matrix means = means_;
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t j = 0; j < n_features(); ++j)
      if (components[k].weight(j) > 0)
        means(k, j) = static_cast<double>(origin_[j]) +
                      (static_cast<double>(centre_[k * n_features() + j]) + components[k].step(j));
  return means;
}

/// Where centre_ lies in the data's coordinates.
template <class T>
Matrix GaussianComponents<T>::centres() const {
  Matrix centres(n_clusters(), n_features());
  for (std::size_t i = 0; i < centre_.size(); ++i)
    centres.values[i] = static_cast<double>(origin_[i % n_features()]) + static_cast<double>(centre_[i]);
  return centres;
}

template <class T>
void GaussianComponents<T>::take(std::span<const double> n, const Step& step, bool pool_small, Repairs& repairs) {
  const std::vector<Scatter>& each = step.scatter;
  Scatter all = each.front();
  for (std::size_t k = 1; k < each.size(); ++k) all += each[k];
  Repairs not_counted;
  pooled_ = covariance_of(all, each.size() == 1 ? repairs : not_counted);
  const std::vector<Matrix> before = std::move(covariances_);
  covariances_.clear();
  for (std::size_t k = 0; k < each.size(); ++k) {
    const bool small = pool_small && n[k] < static_cast<double>(n_features() + 1);
    if (each.size() == 1 || small)
      covariances_.push_back(pooled_);
    else if (n[k] <= 0)
      covariances_.push_back(before[k]);
    else
      covariances_.push_back(covariance_of(each[k], repairs));
  }
  means_ = step.means;
  prepare();
}

/// Scatter over weight, constrained and regularised; where that is not positive definite, with the floor added to the
/// diagonal (diag, spherical: to the variances that are zero), in growing multiples.
template <class T>
Matrix GaussianComponents<T>::covariance_of(const Scatter& scatter, Repairs& repairs) const {
  const std::size_t d = n_features();
  Matrix covariance = scatter.values;
  if (covariance_ == Covariance::spherical) {
    covariance = Matrix(1, 1);
    const double squares = std::accumulate(scatter.values.values.begin(), scatter.values.values.end(), 0.0);
    const double weight = std::accumulate(scatter.weight.begin(), scatter.weight.end(), 0.0);
    covariance(0, 0) = (weight > 0 ? squares / weight : 0) + mean_of(added_);
  } else if (triangle()) {
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < d; ++j)
        covariance(i, j) = covariance(i, j) / scatter.weight[0] + (i == j ? added_[i] : 0);
  } else {
    for (std::size_t j = 0; j < d; ++j)
      covariance(0, j) = (scatter.weight[j] > 0 ? covariance(0, j) / scatter.weight[j] : floor_[j]) + added_[j];
  }
  if (!is_positive(covariance)) {
    ++repairs.collapsed;
    for (double multiple = 1; !is_positive(covariance) && multiple < 1e30; multiple *= 10)
      add_floor(covariance, multiple);
  }
  return covariance;
}

template <class T>
bool GaussianComponents<T>::is_positive(const Matrix& covariance) const {
  if (triangle()) return cholesky(covariance).has_value();
  return std::ranges::all_of(covariance.values, [](double v) { return v > 0; });
}

template <class T>
void GaussianComponents<T>::add_floor(Matrix& covariance, double multiple) const {
  for (std::size_t j = 0; j < covariance.columns; ++j) {
    double& variance = covariance(triangle() ? j : 0, j);
    if (!triangle() && variance > 0) continue;  // only what collapsed
    variance = std::max(variance, 0.0) + multiple * (covariance.columns == 1 ? mean_of(floor_) : floor_[j]);
  }
}

template <class T>
void GaussianComponents<T>::reseed(std::size_t k, std::span<const T> row) {
  for (std::size_t j = 0; j < n_features(); ++j)
    means_(k, j) = std::isnan(row[j]) ? fill_[j] : static_cast<double>(row[j]);
  if (covariance_ != Covariance::tied) covariances_[k] = pooled_;
  prepare();
}

template <class T>
void GaussianComponents<T>::remove(const std::vector<std::size_t>& clusters) {
  means_ = without_rows(means_, clusters);
  if (covariance_ != Covariance::tied)
    for (auto k = clusters.rbegin(); k != clusters.rend(); ++k)
      covariances_.erase(covariances_.begin() + static_cast<std::ptrdiff_t>(*k));
  prepare();
}

template class GaussianComponents<float>;
template class GaussianComponents<double>;

}  // namespace shoal
