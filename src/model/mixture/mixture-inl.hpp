// The E-step of a mixture. Included by each family's source, which instantiates Mixture for its components: so adding
// one changes nothing here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "model/mixture/m_step-inl.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/normalise.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/mixture/mixture.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace mixture {

/// ln of 2^-60, the share of a component that truncation may leave out.
inline constexpr double log_left_out = -60 * 0.6931471805599453;

/// The weights of a block's rows first .. first + n, and zeros.
template <class Row>
void fill_weights(const RowBlock<Row>& block, std::size_t first, std::size_t n, std::span<double> weight) {
  std::ranges::fill(weight, 0.0);
  for (std::size_t r = 0; r < n; ++r) weight[r] = block.weight(first + r);
}

/// Calls use(cluster, share) with what a local row belongs to.
template <class Use>
void for_each_share(const Membership& members, std::size_t row, std::size_t n_clusters, Use&& use) {
  if (members.responsibilities.empty()) {
    if (const std::int32_t label = members.labels[row]; label >= 0) use(static_cast<std::size_t>(label), 1.0);
    return;
  }
  for (std::size_t k = 0; k < n_clusters; ++k) use(k, members.responsibilities[row * n_clusters + k]);
}

/// Rows of weight 0 may lie so far out that their scores are no numbers, and then count as impossible.
inline void tame_scores(const TileJoint& joint, std::span<const double> weight, std::size_t n) {
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t k = 0; weight[r] == 0 && k < joint.n_components; ++k) {
      double& score = joint.values[k * joint.pitch + r];
      if (!std::isfinite(score)) score = -std::numeric_limits<double>::infinity();
    }
}

/// Row-major responsibilities of the first n rows of a tile, from a copy of its scores.
inline void store_responsibilities(TileJoint joint, std::size_t n, const Truncation& truncation,
                                   double* responsibilities) {
  std::vector<double> values(joint.values, joint.values + joint.n_components * joint.pitch);
  std::vector<double> log_density(joint.pitch);
  std::vector<double> totals(1 + joint.n_components);
  const std::vector<double> ones(joint.pitch, 1.0);
  joint.values = values.data();
  normalise(joint, truncation, {ones.data(), log_density.data(), nullptr}, totals.data(), totals.data() + 1);
  for (std::size_t k = 0; k < joint.n_components; ++k)
    for (std::size_t r = 0; r < n; ++r) responsibilities[r * joint.n_components + k] = values[k * joint.pitch + r];
}

}  // namespace mixture

template <MixtureComponents Components>
Mixture<Components>::Mixture(const ModelOptions& options, Components components)
    : held_(options.held),
      mixing_(options.mixing),
      empty_cluster_(options.empty_cluster),
      truncate_(options.truncate),
      moving_parameters_(options.family().parameters(options, {options.n_clusters, components.n_features(), 0})),
      components_(std::move(components)) {
  moving_parameters_.push_back({"weights", {options.n_clusters}, Domain::probabilities, Units::none, Chart::weights});
  set_weights(mixing_ == Mixing::given
                  ? options.given_weights
                  : std::vector<double>(options.n_clusters, 1.0 / static_cast<double>(options.n_clusters)));
  expects(weights_.size() == options.n_clusters, "Mixture: the weights given are not K");
}

template <MixtureComponents Components>
Mixture<Components>::Scratch::Scratch(const Components& components, std::size_t n_clusters)
    : workspace(components),
      joint(n_clusters * components.tile_rows()),
      weight(components.tile_rows()),
      log_density(components.tile_rows()),
      label(components.tile_rows()) {}

template <MixtureComponents Components>
void Mixture<Components>::set_weights(std::vector<double> weights) {
  weights_ = std::move(weights);
}

/// Once weights and components are set.
template <MixtureComponents Components>
void Mixture<Components>::prepare() {
  const std::size_t k = n_clusters();
  constants_.resize(k);
  log_of(weights_, constants_);
  log_thresholds_.assign(k, -std::numeric_limits<double>::infinity());
  thresholds_.clear();
  if (truncate_ && !truncation_suspended_ && mixing_ == Mixing::learned && components_.can_truncate()) {
    const double log_share = mixture::log_left_out - log_of(static_cast<double>(k));
    std::ranges::transform(constants_, log_thresholds_.begin(), [=](double c) { return c + log_share; });
    thresholds_.resize(k);
    exp_of(log_thresholds_, thresholds_);
  }
  most_ = constants_;
  for (std::size_t i = 0; i < k; ++i) most_[i] += components_.log_most(i);
  for (std::size_t i = 0; i < k; ++i) constants_[i] += components_.log_peak(i);
}

template <MixtureComponents Components>
Truncation Mixture<Components>::truncation() const {
  return {thresholds_, Components::bounded ? std::span<const double>{} : std::span(most_)};
}

template <MixtureComponents Components>
void Mixture<Components>::attach(const RowPass<Row>& pass, const ColumnMoments& moments) {
  components_.begin_fit(pass, moments);
}

/// The sums of an M-step from what rows belong to.
template <MixtureComponents Components>
Statistics Mixture<Components>::labelled_sums(const Membership& members, const RowPass<Row>& pass) const {
  const std::size_t n = n_clusters();
  const std::size_t tile = components_.tile_rows();
  return pass.reduce(statistics(false), [&](const RowBlock<Row>& block, Statistics& s) {
    const auto scratch = pool_.borrow([&] { return std::make_unique<Scratch>(components_, n); });
    std::vector<double>& weighted = scratch->joint;
    for (std::size_t first = 0; first < block.n_rows; first += tile) {
      const std::size_t rows = std::min(tile, block.n_rows - first);
      components_.load(block, first, rows, scratch->workspace);
      if constexpr (!Components::bounded)
        if (block.weights != nullptr) components_.clear_rows(block.weights + first, scratch->workspace);
      std::fill(weighted.begin(), weighted.end(), 0.0);
      for (std::size_t r = 0; r < rows; ++r)
        mixture::for_each_share(members, block.first_local + first + r, n, [&](std::size_t k, double share) {
          weighted[k * tile + r] = share * block.weight(first + r);
          s.sums[1 + k] += weighted[k * tile + r];
        });
      components_.add(scratch->workspace, weighted.data(), s.sums.data() + 1 + n);
    }
    components_.finish(scratch->workspace, s.sums.data() + 1 + n);
  });
}

template <MixtureComponents Components>
void Mixture<Components>::start_from(const std::vector<Row>& seeds, const Membership& rows, const RowPass<Row>& pass) {
  hold_from_here(false);
  components_.start(seeds);
  std::vector<double> weights;
  for (int i = 0; i < components_.start_steps(); ++i) {
    const Statistics sums = labelled_sums(rows, pass);
    weights = counts(sums);
    typename Components::Step step = components_.step(weights, component_sums(sums));
    components_.maximise_start(weights, step);
  }
  if (mixing_ != Mixing::learned) return prepare();
  if (std::find(weights.begin(), weights.end(), 0.0) != weights.end())  // a weight of zero could never grow
    for (double& weight : weights) weight += 1.0 / static_cast<double>(weights.size());
  mixture::scale_to_one(weights);
  set_weights(std::move(weights));
  prepare();
}

template <MixtureComponents Components>
NamedArrays Mixture<Components>::parameters() const {
  NamedArrays arrays = {{"weights", {n_clusters()}, weights_}};
  for (NamedArray& array : components_.parameters()) arrays.push_back(std::move(array));
  return arrays;
}

template <MixtureComponents Components>
void Mixture<Components>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  if (mixing_ == Mixing::learned && find(arrays, "weights") != nullptr)
    set_weights(require_weights(arrays, n_clusters(), source));
  components_.set_parameters(arrays, source);
  hold_from_here(true);
  prepare();
}

template <MixtureComponents Components>
void Mixture<Components>::restore(const NamedArrays& arrays, const std::string& source) {
  set_weights(require_weights(arrays, n_clusters(), source));
  components_.set_parameters(arrays, source);
  hold_from_here(true);
  prepare();
}

template <MixtureComponents Components>
SumLayout Mixture<Components>::statistics(bool scores_only) const {
  return {1 + n_clusters() + (scores_only ? 0 : components_.n_sums()), 1};
}

template <MixtureComponents Components>
void Mixture<Components>::expect(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    if (const auto merged = merge_equal_rows(block)) return expect_merged(block, *merged, sums, outputs);
  }
  expect_rows(block, sums, outputs);
}

/// Once for each distinct row, its results then given to all its copies.
template <MixtureComponents Components>
void Mixture<Components>::expect_merged(const RowBlock<Row>& block, const MergedRows& merged, Statistics& sums,
                                        const RowOutputs& outputs) const {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    const std::size_t n = n_clusters();
    const std::size_t distinct = merged.weights.size();
    std::vector<std::int32_t> label(outputs.label == nullptr ? 0 : distinct);
    std::vector<double> log_density(outputs.log_density == nullptr ? 0 : distinct);
    std::vector<double> responsibilities(outputs.responsibilities == nullptr ? 0 : distinct * n);
    const auto wanted = [](auto& values) { return values.empty() ? nullptr : values.data(); };
    expect_rows(merged.block(block), sums, {wanted(label), wanted(log_density), wanted(responsibilities)});
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t from = merged.copy[r];
      if (outputs.label != nullptr) outputs.label[r] = label[from];
      if (outputs.log_density != nullptr) outputs.log_density[r] = log_density[from];
      if (outputs.responsibilities != nullptr)
        std::copy_n(responsibilities.data() + from * n, n, outputs.responsibilities + r * n);
    }
  }
}

/// What is not known of a tile's rows, by their scores.
template <MixtureComponents Components>
void Mixture<Components>::complete_rows(const RowBlock<Row>& block, std::size_t first, const TileJoint& scores,
                                        std::size_t rows, Scratch& scratch, const RowOutputs& outputs) const {
  if constexpr (requires { &Components::impute; }) {
    std::vector<double> responsibilities(rows * n_clusters());
    mixture::store_responsibilities(scores, rows, truncation(), responsibilities.data());
    const std::size_t place = first * n_features();
    if (outputs.denoised != nullptr)
      components_.denoise(block, first, scratch.workspace, responsibilities.data(), outputs.denoised + place,
                          outputs.denoised_deviations + place);
    if (outputs.imputed != nullptr)
      components_.impute(block, first, scratch.workspace, responsibilities.data(), outputs.imputed + place,
                         outputs.imputed_deviations + place);
  }
}

template <MixtureComponents Components>
void Mixture<Components>::expect_rows(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const {
  const std::size_t n = n_clusters();
  const std::size_t tile = components_.tile_rows();
  const bool with_sums = sums.sums.size() > 1 + n;
  double* const totals = sums.sums.data() + 1;
  const auto scratch = pool_.borrow([&] { return std::make_unique<Scratch>(components_, n); });
  for (std::size_t first = 0; first < block.n_rows; first += tile) {
    const std::size_t rows = std::min(tile, block.n_rows - first);
    const TileJoint scores{scratch->joint.data(), tile, n, components_.load(block, first, rows, scratch->workspace)};
    components_.score(scratch->workspace, {constants_, log_thresholds_}, scratch->joint.data());
    mixture::fill_weights(block, first, rows, scratch->weight);
    if constexpr (!Components::bounded)
      if (block.weights != nullptr) {
        mixture::tame_scores(scores, scratch->weight, rows);
        components_.clear_rows(scratch->weight.data(), scratch->workspace);
      }
    if (outputs.responsibilities != nullptr)
      mixture::store_responsibilities(scores, rows, truncation(), outputs.responsibilities + first * n);
    if constexpr (requires { &Components::impute; })
      if (outputs.imputed != nullptr || outputs.denoised != nullptr)
        complete_rows(block, first, scores, rows, *scratch, outputs);
    std::int32_t* const label = outputs.label == nullptr ? nullptr : scratch->label.data();
    normalise(scores, truncation(), {scratch->weight.data(), scratch->log_density.data(), label}, sums.sums.data(),
              totals);
    if (label != nullptr) std::copy_n(label, rows, outputs.label + first);
    if (outputs.log_density != nullptr) std::copy_n(scratch->log_density.begin(), rows, outputs.log_density + first);
    if (with_sums) components_.add(scratch->workspace, scratch->joint.data(), totals + n);
  }
  if (with_sums) components_.finish(scratch->workspace, totals + n);
}

template <MixtureComponents Components>
double Mixture<Components>::objective(const Statistics& sums) const {
  return sums.sums[0] + components_.log_prior();
}

template <MixtureComponents Components>
std::vector<double> Mixture<Components>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(n_clusters())};
}

template <MixtureComponents Components>
std::int64_t Mixture<Components>::n_parameters() const {
  const auto n = static_cast<std::int64_t>(n_clusters());
  const auto n_held = [&](std::string_view name) {
    return std::ranges::count(held_components(holding_ ? held_ : Held(), name, n_clusters()), true);
  };
  std::int64_t of_components = components_.n_parameters();
  if constexpr (!holds_itself) of_components -= of_components / n * n_held(moving_parameters_.front().name);
  return of_components + (mixing_ == Mixing::learned ? std::max<std::int64_t>(n - 1 - n_held("weights"), 0) : 0);
}

}  // namespace shoal
