#include "shoal/model/mixture/mixture.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "shoal/core/error.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/normalise.hpp"
#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/gaussian/gaussian_components.hpp"
#include "shoal/model/hard.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// A component whose responsibility sum is at most this share of all weight counts as empty.
constexpr double empty_share = 1e-12;

void store(const RowOutputs& outputs, std::size_t row, std::size_t lane, std::size_t n_components, double log_density,
           std::int32_t label, const std::vector<double>& responsibilities) {
  if (outputs.label != nullptr) outputs.label[row] = label;
  if (outputs.log_density != nullptr) outputs.log_density[row] = log_density;
  if (outputs.responsibilities != nullptr)
    for (std::size_t k = 0; k < n_components; ++k)
      outputs.responsibilities[row * n_components + k] = responsibilities[k * tile_rows + lane];
}

std::vector<double> without(const std::vector<double>& values, const std::vector<std::size_t>& dropped) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i)) kept.push_back(values[i]);
  return kept;
}

void scale_to_one(std::vector<double>& weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  for (double& weight : weights) weight /= sum;
}

}  // namespace

template <class Components>
Mixture<Components>::Mixture(const ModelOptions& options, Components components)
    : mixing_(options.mixing), empty_cluster_(options.empty_cluster), components_(std::move(components)) {
  set_weights(mixing_ == Mixing::given
                  ? options.given_weights
                  : std::vector<double>(options.n_clusters, 1.0 / static_cast<double>(options.n_clusters)));
}

template <class Components>
void Mixture<Components>::set_weights(std::vector<double> weights) {
  weights_ = std::move(weights);
  log_weights_.resize(weights_.size());
  log_of(weights_, log_weights_);
}

template <class Components>
void Mixture<Components>::begin_fit(const RowPass<Row>& /*pass*/, const ColumnMoments& moments) {
  components_.begin_fit(moments);
}

template <class Components>
void Mixture<Components>::start(const std::vector<Row>& seeds, std::span<const std::int32_t> labels,
                                const RowPass<Row>& pass) {
  components_.start(seeds);
  const std::size_t n = n_clusters();
  const Statistics sums = pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) {
    typename Components::Workspace workspace(components_);
    std::vector<double> weighted(n * tile_rows);
    for (std::size_t first = 0; first < block.n_rows; first += tile_rows) {
      const std::size_t rows = std::min(tile_rows, block.n_rows - first);
      components_.load(block, first, rows, workspace);
      std::fill(weighted.begin(), weighted.end(), 0.0);
      for (std::size_t r = 0; r < rows; ++r) {
        const auto k = static_cast<std::size_t>(labels[block.first_local + first + r]);
        weighted[k * tile_rows + r] = block.weight(first + r);
        s.sums[1 + k] += block.weight(first + r);
      }
      components_.add(workspace, weighted.data(), s.sums.data() + 1 + n);
    }
  });
  std::vector<double> weights = counts(sums);
  components_.maximise_start(weights, std::span(sums.sums).subspan(1 + n));
  if (mixing_ != Mixing::learned) return;
  if (std::find(weights.begin(), weights.end(), 0.0) != weights.end())  // a weight of zero could never grow
    for (double& weight : weights) weight += 1.0 / static_cast<double>(n);
  scale_to_one(weights);
  set_weights(std::move(weights));
}

template <class Components>
NamedArrays Mixture<Components>::parameters() const {
  NamedArrays arrays = {{"weights", {n_clusters()}, weights_}};
  for (NamedArray& array : components_.parameters()) arrays.push_back(std::move(array));
  return arrays;
}

template <class Components>
void Mixture<Components>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  if (mixing_ == Mixing::learned && find(arrays, "weights") != nullptr)
    set_weights(require_weights(arrays, n_clusters(), source));
  components_.set_parameters(arrays, source);
}

template <class Components>
Statistics Mixture<Components>::statistics(bool scores_only) const {
  return {1 + n_clusters() + (scores_only ? 0 : components_.n_sums()), 0};
}

template <class Components>
void Mixture<Components>::expect(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const {
  const std::size_t n = n_clusters();
  typename Components::Workspace workspace(components_);
  std::vector<double> joint(n * tile_rows);  // ln pi_k p(x | k), then responsibilities
  std::array<double, tile_rows> log_density{};
  std::array<std::int32_t, tile_rows> label{};
  std::array<double, tile_rows> weight{};
  for (std::size_t first = 0; first < block.n_rows; first += tile_rows) {
    const std::size_t rows = std::min(tile_rows, block.n_rows - first);
    components_.load(block, first, rows, workspace);
    components_.score(workspace, joint.data());
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t r = 0; r < tile_rows; ++r) joint[k * tile_rows + r] += log_weights_[k];
    normalise(joint, n, log_density, label);
    weight.fill(0);
    for (std::size_t r = 0; r < rows; ++r) {
      store(outputs, first + r, r, n, log_density[r], label[r], joint);
      weight[r] = block.weight(first + r);
      if (weight[r] > 0) sums.sums[0] += weight[r] * log_density[r];
    }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t r = 0; r < tile_rows; ++r) joint[k * tile_rows + r] *= weight[r];
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t r = 0; r < rows; ++r) sums.sums[1 + k] += joint[k * tile_rows + r];
    if (sums.sums.size() > 1 + n) components_.add(workspace, joint.data(), sums.sums.data() + 1 + n);
  }
}

template <class Components>
double Mixture<Components>::objective(const Statistics& sums) const {
  return sums.sums[0] + components_.log_prior();
}

template <class Components>
std::vector<double> Mixture<Components>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(n_clusters())};
}

template <class Components>
bool Mixture<Components>::maximise(const Statistics& sums, const RowPass<Row>& pass) {
  const std::vector<double> n = counts(sums);
  const double total = pass.summary().total_weight;
  std::vector<double> filled = n;
  for (std::size_t k = 0; k < n.size(); ++k)
    if (mixing_ == Mixing::given && weights_[k] == 0) filled[k] = total;  // held at nothing, which is as it should be
  const std::vector<std::size_t> empty = empty_clusters(filled, empty_share * total, empty_cluster_);
  const NamedArrays before = parameters();
  Components next = components_;
  auto component_sums = std::span(sums.sums).subspan(1 + n.size());
  Statistics about_new_means;
  if (components_.must_recentre(n, component_sums)) {
    components_.recentre(n, component_sums);
    about_new_means =
        pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) { expect(block, s, {}); });
    next = components_;
    component_sums = std::span(std::as_const(about_new_means.sums)).subspan(1 + n.size());
  }
  next.maximise(n, component_sums, this->repairs_);
  std::vector<double> weights = weights_;
  if (mixing_ == Mixing::learned)
    for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = n[k] / total;
  const std::vector<std::int64_t> rows =
      empty_cluster_ == EmptyCluster::reseed ? least_likely_rows(empty.size(), pass) : std::vector<std::int64_t>{};
  components_ = std::move(next);
  if (!empty.empty()) repair_empty(empty, weights, rows, pass);
  set_weights(std::move(weights));

  const NamedArrays after = parameters();
  for (std::size_t i = 0; i < after.size(); ++i)
    if (!same_bits(before[i].values, after[i].values)) return true;
  return false;
}

template <class Components>
std::vector<std::int64_t> Mixture<Components>::least_likely_rows(std::size_t count, const RowPass<Row>& pass) const {
  if (count == 0) return {};
  return pass.largest(count, [&](const RowBlock<Row>& block, std::span<double> score) {
    Statistics unused = statistics(true);
    RowOutputs outputs;
    outputs.log_density = score.data();
    expect(block, unused, outputs);
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = block.weight(r) > 0 ? -score[r] : -std::numeric_limits<double>::infinity();
  });
}

template <class Components>
void Mixture<Components>::repair_empty(const std::vector<std::size_t>& empty, std::vector<double>& weights,
                                       const std::vector<std::int64_t>& rows, const RowPass<Row>& pass) {
  if (empty_cluster_ == EmptyCluster::drop) {
    components_.remove(empty);
    weights = without(weights, empty);
    scale_to_one(weights);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
    return;
  }
  const std::vector<Row> values = pass.fetch(rows);
  const double share = 1.0 / static_cast<double>(weights.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    components_.reseed(empty[i], std::span(values).subspan(i * n_features(), n_features()));
    if (mixing_ == Mixing::learned) weights[empty[i]] = share;
  }
  if (mixing_ == Mixing::learned) scale_to_one(weights);
  this->repairs_.reseeded += static_cast<std::int64_t>(rows.size());
}

template <class Components>
std::int64_t Mixture<Components>::n_parameters() const {
  return components_.n_parameters() + (mixing_ == Mixing::learned ? static_cast<std::int64_t>(n_clusters()) - 1 : 0);
}

template class Mixture<GaussianComponents<float>>;
template class Mixture<GaussianComponents<double>>;
template class Mixture<DiscreteComponents<float>>;
template class Mixture<DiscreteComponents<double>>;

}  // namespace shoal
