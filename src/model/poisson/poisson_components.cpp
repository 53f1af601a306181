#include "shoal/model/poisson/poisson_components.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/poisson/log_factorial.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/moments.hpp"
#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

constexpr double least_rate = 1e-15;  ///< within logarithms

/// How much of the overall means a component starts with: a rate of zero could never grow.
constexpr double share_at_start = 0.01;

}  // namespace

template <class T>
PoissonComponents<T>::PoissonComponents(const ModelOptions& options, std::size_t n_features)
    : missing_(options.missing == Missing::marginalize),
      pseudo_count_(options.of<PoissonOptions>().pseudo_count),
      rates_(options.n_clusters, n_features) {}

template <class T>
PoissonComponents<T>::Workspace::Workspace(const PoissonComponents& components)
    : rows(n_groups<T>(components.tile_rows()) * group_stride<T>(components.n_columns())),
      shared(n_groups<T>(components.tile_rows()) * group_rows<T>),
      scatter(components.tile_rows(), components.n_columns()) {}

template <class T>
void PoissonComponents<T>::prepare() {
  const std::size_t k = rates_.rows, d = n_features();
  reference_.assign(rates_.values.begin(), rates_.values.begin() + static_cast<std::ptrdiff_t>(d));
  for (std::size_t i = d; i < rates_.values.size(); ++i)
    reference_[i % d] = std::min(reference_[i % d], rates_.values[i]);
  const auto logarithms = [](std::vector<double> rates) {
    for (double& rate : rates) rate = std::max(rate, least_rate);
    log_of(rates, rates);
    return rates;
  };
  log_reference_ = logarithms(reference_);
  const std::vector<double> log_rates = logarithms(rates_.values);
  coefficients_.assign(k * n_columns(), T(0));
  constants_.assign(k, 0.0);
  for (std::size_t c = 0; c < k; ++c)
    for (std::size_t j = 0; j < d; ++j) {
      coefficients_[c * n_columns() + j] = static_cast<T>(log_rates[c * d + j] - log_reference_[j]);
      const double excess = rates_(c, j) - reference_[j];
      if (missing_)
        coefficients_[c * n_columns() + d + j] = static_cast<T>(-excess);
      else
        constants_[c] -= excess;
    }
}

// ---- E-step

template <class T>
std::size_t PoissonComponents<T>::load(const RowBlock<T>& block, std::size_t first, std::size_t n,
                                       Workspace& workspace) const {
  const std::size_t d = n_features();
  const std::vector<T> zero(d, T(0));
  workspace.n_rows = n;
  load_groups(block.row(first), n, d, zero.data(), workspace.rows.data(), group_stride<T>(n_columns()));
  if (missing_) mark_observed(workspace);
  std::ranges::fill(workspace.shared, 0.0);
  for (std::size_t r = 0; r < n; ++r) {
    const T* const row = block.row(first + r);
    for (std::size_t j = 0; j < d; ++j) {
      const auto x = static_cast<double>(row[j]);
      if (!std::isnan(x)) workspace.shared[r] += x * log_reference_[j] - reference_[j] - log_factorial(x);
    }
  }
  return n_groups<T>(n) * group_rows<T>;
}

/// A missing count becomes a zero that is not observed.
template <class T>
void PoissonComponents<T>::mark_observed(Workspace& workspace) const {
  const std::size_t width = n_features() * group_rows<T>;
  for (std::size_t g = 0; g < n_groups<T>(workspace.n_rows); ++g) {
    T* const counts = workspace.rows.data() + g * group_stride<T>(n_columns());
    for (std::size_t i = 0; i < width; ++i) {
      const bool observed = !std::isnan(counts[i]);
      counts[width + i] = observed ? T(1) : T(0);
      if (!observed) counts[i] = T(0);
    }
  }
}

template <class T>
void PoissonComponents<T>::score(Workspace& workspace, const ScoreConstants& constants, double* joint) const {
  const std::size_t k = rates_.rows, pitch = tile_rows();
  std::vector<double> whole(constants_);
  for (std::size_t c = 0; c < k; ++c) whole[c] += constants.constant[c];
  linear_score<T>(workspace.rows.data(), workspace.n_rows, n_columns(), {k, coefficients_.data(), whole.data()}, joint,
                  pitch);
  for (std::size_t c = 0; c < k; ++c)
    for (std::size_t r = 0; r < workspace.n_rows; ++r) joint[c * pitch + r] += workspace.shared[r];
}

template <class T>
void PoissonComponents<T>::clear_rows(const double* weight, Workspace& workspace) const {
  for (std::size_t r = 0; r < workspace.n_rows; ++r) {
    if (weight[r] != 0) continue;
    T* const row = workspace.rows.data() + r / group_rows<T> * group_stride<T>(n_columns()) + r % group_rows<T>;
    for (std::size_t j = 0; j < n_columns(); ++j) row[j * group_rows<T>] = T(0);
  }
}

template <class T>
void PoissonComponents<T>::add(Workspace& workspace, const double* weighted, double* sums) const {
  add_weighted_rows(workspace.rows.data(), workspace.n_rows, n_columns(), weighted, tile_rows(), rates_.rows,
                    workspace.scatter, sums, n_columns());
}

template <class T>
double PoissonComponents<T>::log_prior() const {
  if (pseudo_count_ == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < rates_.values.size(); ++i)
    sum += means_[i % n_features()] * log_of(std::max(rates_.values[i], least_rate)) - rates_.values[i];
  return pseudo_count_ * sum;
}

// ---- M-step

template <class T>
void PoissonComponents<T>::begin_fit(const RowPass<T>& /*pass*/, const ColumnMoments& moments) {
  means_ = moments.mean;
  in_fit_ = true;
}

/// lambda_kd = (sum w r x + a m_d) / (sum w r + a), a = added + added_share sum w r. Without weight the old rate
/// stands.
template <class T>
void PoissonComponents<T>::set_rates(std::span<const double> n, std::span<const double> sums, double added,
                                     double added_share) {
  const std::size_t d = n_features();
  for (std::size_t k = 0; k < rates_.rows; ++k)
    for (std::size_t j = 0; j < d; ++j) {
      const double* const mine = sums.data() + k * n_columns();
      const double weight = missing_ ? mine[d + j] : n[k];
      const double a = added + added_share * weight;
      if (weight + a > 0) rates_(k, j) = (mine[j] + (a > 0 ? a * means_[j] : 0.0)) / (weight + a);
    }
  prepare();
}

template <class T>
bool PoissonComponents<T>::maximise(std::span<const double> n, Step sums, Repairs& /*repairs*/) {
  const std::vector<double> before = rates_.values;
  set_rates(n, sums, pseudo_count_, 0);
  return !same_bits(before, rates_.values);
}

template <class T>
void PoissonComponents<T>::maximise_start(std::span<const double> n, Step sums) {
  set_rates(n, sums, pseudo_count_, share_at_start);
}

/// Half way from the overall means to a row.
template <class T>
void PoissonComponents<T>::seed_rates(std::size_t k, const T* row) {
  for (std::size_t j = 0; j < n_features(); ++j)
    rates_(k, j) = std::isnan(row[j]) ? means_[j] : 0.5 * (static_cast<double>(row[j]) + means_[j]);
}

template <class T>
void PoissonComponents<T>::start(const std::vector<T>& seeds) {
  for (std::size_t k = 0; k < rates_.rows; ++k) seed_rates(k, seeds.data() + k * n_features());
  prepare();
}

template <class T>
void PoissonComponents<T>::reseed(std::size_t k, std::span<const T> row) {
  seed_rates(k, row.data());
  prepare();
}

template <class T>
void PoissonComponents<T>::remove(const std::vector<std::size_t>& clusters) {
  rates_ = without_rows(rates_, clusters);
  prepare();
}

template <class T>
NamedArrays PoissonComponents<T>::parameters() const {
  NamedArrays arrays = {as_array("rates", rates_)};
  if (pseudo_count_ > 0) arrays.push_back({"prior_rates", {means_.size()}, means_});
  return arrays;
}

template <class T>
void PoissonComponents<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  rates_ = require_matrix(arrays, "rates", rates_.rows, n_features(), source);
  if (pseudo_count_ > 0 && !in_fit_) means_ = require_array(arrays, "prior_rates", {n_features()}, source).values;
  prepare();
}

template class PoissonComponents<float>;
template class PoissonComponents<double>;

}  // namespace shoal
