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

/// ln of 2^-60, the share of a component that truncation may leave out.
constexpr double log_left_out = -60 * 0.6931471805599453;

/// A component whose responsibility sum fell below this share of what its weight promised is summed again untruncated.
constexpr double least_of_promised = 0x1p-20;

/// The weights of a block's rows first .. first + n, and zeros.
template <class Row>
void fill_weights(const RowBlock<Row>& block, std::size_t first, std::size_t n, std::span<double> weight) {
  std::ranges::fill(weight, 0.0);
  for (std::size_t r = 0; r < n; ++r) weight[r] = block.weight(first + r);
}

/// Row-major responsibilities of the first n rows of a tile, from a copy of its scores.
void store_responsibilities(TileJoint joint, std::size_t n, const Truncation& truncation, double* responsibilities) {
  std::vector<double> values(joint.values, joint.values + joint.n_components * joint.pitch);
  std::vector<double> log_density(joint.pitch);
  std::vector<double> totals(1 + joint.n_components);
  const std::vector<double> ones(joint.pitch, 1.0);
  joint.values = values.data();
  normalise(joint, truncation, {ones.data(), log_density.data(), nullptr}, totals.data(), totals.data() + 1);
  for (std::size_t k = 0; k < joint.n_components; ++k)
    for (std::size_t r = 0; r < n; ++r) responsibilities[r * joint.n_components + k] = values[k * joint.pitch + r];
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
Mixture<Components>::Scratch::Scratch(const Components& components, std::size_t n_clusters)
    : workspace(components),
      joint(n_clusters * components.tile_rows()),
      weight(components.tile_rows()),
      log_density(components.tile_rows()),
      label(components.tile_rows()) {}

template <class Components>
void Mixture<Components>::set_weights(std::vector<double> weights) {
  weights_ = std::move(weights);
}

/// Once weights and components are set.
template <class Components>
void Mixture<Components>::prepare() {
  const std::size_t k = n_clusters();
  constants_.resize(k);
  log_of(weights_, constants_);
  log_thresholds_.assign(k, -std::numeric_limits<double>::infinity());
  thresholds_.clear();
  if (truncate_ && mixing_ == Mixing::learned && components_.can_truncate()) {
    const double log_share = log_left_out - log_of(static_cast<double>(k));
    std::ranges::transform(constants_, log_thresholds_.begin(), [=](double c) { return c + log_share; });
    thresholds_.resize(k);
    exp_of(log_thresholds_, thresholds_);
  }
  for (std::size_t i = 0; i < k; ++i) constants_[i] += components_.log_peak(i);
}

template <class Components>
Truncation Mixture<Components>::truncation() const {
  return {thresholds_, Components::bounded ? std::span<const double>{} : std::span(constants_)};
}

template <class Components>
void Mixture<Components>::begin_fit(const RowPass<Row>& pass, const ColumnMoments& moments) {
  components_.begin_fit(pass, moments);
}

template <class Components>
void Mixture<Components>::start(const std::vector<Row>& seeds, std::span<const std::int32_t> labels,
                                const RowPass<Row>& pass) {
  components_.start(seeds);
  const std::size_t n = n_clusters();
  const std::size_t tile = components_.tile_rows();
  const Statistics sums = pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) {
    const auto scratch = pool_.borrow([&] { return std::make_unique<Scratch>(components_, n); });
    std::vector<double>& weighted = scratch->joint;
    for (std::size_t first = 0; first < block.n_rows; first += tile) {
      const std::size_t rows = std::min(tile, block.n_rows - first);
      components_.load(block, first, rows, scratch->workspace);
      std::fill(weighted.begin(), weighted.end(), 0.0);
      for (std::size_t r = 0; r < rows; ++r) {
        const auto k = static_cast<std::size_t>(labels[block.first_local + first + r]);
        weighted[k * tile + r] = block.weight(first + r);
        s.sums[1 + k] += block.weight(first + r);
      }
      components_.add(scratch->workspace, weighted.data(), s.sums.data() + 1 + n);
    }
    components_.finish(scratch->workspace, s.sums.data() + 1 + n);
  });
  std::vector<double> weights = counts(sums);
  components_.maximise_start(weights, std::span(sums.sums).subspan(1 + n));
  if (mixing_ != Mixing::learned) return prepare();
  if (std::find(weights.begin(), weights.end(), 0.0) != weights.end())  // a weight of zero could never grow
    for (double& weight : weights) weight += 1.0 / static_cast<double>(n);
  scale_to_one(weights);
  set_weights(std::move(weights));
  prepare();
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
  prepare();
}

template <class Components>
Statistics Mixture<Components>::statistics(bool scores_only) const {
  return {1 + n_clusters() + (scores_only ? 0 : components_.n_sums()), 0};
}

template <class Components>
void Mixture<Components>::expect(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const {
  const std::size_t n = n_clusters();
  const std::size_t tile = components_.tile_rows();
  const bool with_sums = sums.sums.size() > 1 + n;
  double* const totals = sums.sums.data() + 1;
  const auto scratch = pool_.borrow([&] { return std::make_unique<Scratch>(components_, n); });
  for (std::size_t first = 0; first < block.n_rows; first += tile) {
    const std::size_t rows = std::min(tile, block.n_rows - first);
    const TileJoint scores{scratch->joint.data(), tile, n, components_.load(block, first, rows, scratch->workspace)};
    components_.score(scratch->workspace, {constants_, log_thresholds_}, scratch->joint.data());
    if (outputs.responsibilities != nullptr)
      store_responsibilities(scores, rows, truncation(), outputs.responsibilities + first * n);
    fill_weights(block, first, rows, scratch->weight);
    std::int32_t* const label = outputs.label == nullptr ? nullptr : scratch->label.data();
    normalise(scores, truncation(), {scratch->weight.data(), scratch->log_density.data(), label}, sums.sums.data(),
              totals);
    if (label != nullptr) std::copy_n(label, rows, outputs.label + first);
    if (outputs.log_density != nullptr) std::copy_n(scratch->log_density.begin(), rows, outputs.log_density + first);
    if (with_sums) components_.add(scratch->workspace, scratch->joint.data(), totals + n);
  }
  if (with_sums) components_.finish(scratch->workspace, totals + n);
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
bool Mixture<Components>::maximise(const Statistics& truncated_sums, const RowPass<Row>& pass) {
  const double total = pass.summary().total_weight;
  const auto pass_again = [&] {
    return pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) { expect(block, s, {}); });
  };
  Statistics sums = truncated_sums;
  if (truncated_too_much(counts(sums), total)) {
    truncate_ = false;
    prepare();
    sums = pass_again();
    truncate_ = true;
  }
  const std::vector<double> n = counts(sums);
  std::vector<double> filled = n;
  for (std::size_t k = 0; k < n.size(); ++k)
    if (mixing_ == Mixing::given && weights_[k] == 0) filled[k] = total;  // held at nothing, which is as it should be
  const std::vector<std::size_t> empty = empty_clusters(filled, empty_share * total, empty_cluster_);
  const NamedArrays before = parameters();
  Components next = components_;
  const auto component_sums = [&] { return std::span(std::as_const(sums.sums)).subspan(1 + n.size()); };
  if (components_.must_recentre(n, component_sums())) {
    components_.recentre(n, component_sums());
    sums = pass_again();
    next = components_;
  }
  next.maximise(n, component_sums(), this->repairs_);
  std::vector<double> weights = weights_;
  if (mixing_ == Mixing::learned)
    for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = n[k] / total;
  const std::vector<std::int64_t> rows =
      empty_cluster_ == EmptyCluster::reseed ? least_likely_rows(empty.size(), pass) : std::vector<std::int64_t>{};
  components_ = std::move(next);
  if (!empty.empty()) repair_empty(empty, weights, rows, pass);
  set_weights(std::move(weights));
  prepare();

  const NamedArrays after = parameters();
  for (std::size_t i = 0; i < after.size(); ++i)
    if (!same_bits(before[i].values, after[i].values)) return true;
  return false;
}

/// Whether truncation may have cost some component digits: its bound is in terms of the weight, not of the sum found.
template <class Components>
bool Mixture<Components>::truncated_too_much(std::span<const double> n, double total) const {
  if (thresholds_.empty()) return false;
  for (std::size_t k = 0; k < n.size(); ++k)
    if (n[k] < least_of_promised * weights_[k] * total) return true;
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
    pool_.clear();
    weights = without(weights, empty);
    scale_to_one(weights);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
    return;
  }
  const std::vector<Row> values = pass.fetch(rows);
  const double share = 1.0 / static_cast<double>(weights.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    components_.reseed(empty[i], std::span(values).subspan(i * pass.shard().width, pass.shard().width));
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
