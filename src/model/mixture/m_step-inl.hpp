// The M-step of a mixture: a repeated pass where sums lost digits, and the repair of empty components.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/held.hpp"
#include "shoal/model/mixture/mixture.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace mixture {

/// A component whose responsibility sum is at most this share of all weight counts as empty.
inline constexpr double empty_share = 1e-12;

/// A component whose responsibility sum fell below this share of what its weight promised is summed again untruncated.
inline constexpr double least_of_promised = 0x1p-20;

inline std::vector<double> without(const std::vector<double>& values, const std::vector<std::size_t>& dropped) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i)) kept.push_back(values[i]);
  return kept;
}

inline void scale_to_one(std::vector<double>& weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  for (double& weight : weights) weight /= sum;
}

}  // namespace mixture

template <MixtureComponents Components>
bool Mixture<Components>::update(const Statistics& truncated_sums, const RowPass<Row>& pass) {
  const double total = pass.summary().total_weight;
  const Statistics* sums = &truncated_sums;
  Statistics again;
  const auto pass_again = [&] {
    again = {};  // makes room first
    again = pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) { expect(block, s, {}); });
    sums = &again;
  };
  if (truncated_too_much(counts(*sums), total)) {
    truncation_suspended_ = true;
    prepare();
    pass_again();
    truncation_suspended_ = false;
  }
  const std::vector<double> n = counts(*sums);
  std::vector<double> filled = n;
  const std::vector<bool> held = held_anywhere(held_, n.size());
  for (std::size_t k = 0; k < n.size(); ++k)
    if ((mixing_ == Mixing::given && weights_[k] == 0) || (holding_ && held[k])) filled[k] = total;  // as it should be
  const std::vector<std::size_t> empty = empty_clusters(filled, mixture::empty_share * total, empty_cluster_);
  const NamedArrays before = empty.empty() && !holding_ ? NamedArrays() : parameters();
  typename Components::Step step = components_.step(n, component_sums(*sums));
  if (components_.must_recentre(step)) {
    components_.recentre(step);
    pass_again();
    step = components_.step(n, component_sums(*sums));
  }
  std::vector<double> weights = next_weights(n, total);
  const std::vector<std::int64_t> rows =  // by the parameters that the sums were taken with
      empty_cluster_ == EmptyCluster::reseed ? least_likely_rows(empty.size(), pass) : std::vector<std::int64_t>{};
  const bool moved = components_.maximise(n, step, this->repairs_);
  if (holding_) hold_parameters(before);
  if (!empty.empty()) repair_empty(empty, weights, rows, pass);
  const bool reweighted = !same_bits(weights, weights_);
  set_weights(std::move(weights));
  prepare();

  if (empty.empty() && !holding_) return moved || reweighted;
  const NamedArrays after = parameters();  // an empty cluster may have gone where it was
  for (std::size_t i = 0; i < after.size(); ++i)
    if (!same_bits(before[i].values, after[i].values)) return true;
  return false;
}

template <MixtureComponents Components>
std::vector<double> Mixture<Components>::next_weights(std::span<const double> n, double total) const {
  if (mixing_ != Mixing::learned) return weights_;
  std::vector<double> weights(n.begin(), n.end());
  if (holding_ && std::ranges::find(held_, "weights", &HeldParameter::name) != held_.end())
    return share_out(weights_, weights, held_components(held_, "weights", n.size()));
  for (double& weight : weights) weight /= total;
  return weights;
}

template <MixtureComponents Components>
void Mixture<Components>::hold_from_here(bool from_here) {
  holding_ = from_here && !held_.empty();
  if constexpr (holds_itself) components_.hold(holding_ ? held_ : Held());
}

/// Where components do not hold their own: an M-step moves each array for itself.
template <MixtureComponents Components>
void Mixture<Components>::hold_parameters(const NamedArrays& before) {
  if constexpr (!holds_itself) {
    NamedArrays arrays = components_.parameters();
    hold(held_, before, arrays);
    components_.set_parameters(arrays, "the fit");
  }
}

/// Whether truncation may have cost some component digits: its bound is in terms of the weight, not of the sum found.
template <MixtureComponents Components>
bool Mixture<Components>::truncated_too_much(std::span<const double> n, double total) const {
  if (thresholds_.empty()) return false;
  for (std::size_t k = 0; k < n.size(); ++k)
    if (n[k] < mixture::least_of_promised * weights_[k] * total) return true;
  return false;
}

template <MixtureComponents Components>
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

template <MixtureComponents Components>
void Mixture<Components>::repair_empty(const std::vector<std::size_t>& empty, std::vector<double>& weights,
                                       const std::vector<std::int64_t>& rows, const RowPass<Row>& pass) {
  if (empty_cluster_ == EmptyCluster::drop) {
    components_.remove(empty);
    pool_.clear();
    weights = mixture::without(weights, empty);
    mixture::scale_to_one(weights);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
    return;
  }
  const std::vector<Row> values = pass.fetch(rows);
  const double share = 1.0 / static_cast<double>(weights.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    components_.reseed(empty[i], std::span(values).subspan(i * pass.source().width(), pass.source().width()));
    if (mixing_ == Mixing::learned) weights[empty[i]] = share;
  }
  if (mixing_ == Mixing::learned) mixture::scale_to_one(weights);
  this->repairs_.reseeded += static_cast<std::int64_t>(rows.size());
}

}  // namespace shoal
