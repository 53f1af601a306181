/// What a mixture asks of its components. `n` are the K responsibility sums, `sums` what add and finish made of a pass,
/// a Step what follows from both, found once an M-step; it may look into them, and maximise may use it up.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/named_array.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// E-step: rows come in tiles; numbers of component k and row r stand at [k * tile_rows() + r].
template <class C>
concept ScoredComponents = std::constructible_from<typename C::Workspace, const C&> &&  // scratch of one thread
    requires(const C c, const RowBlock<typename C::Row>& block, std::size_t i, typename C::Workspace& workspace,
             const ScoreConstants& constants, double* joint, const double* weighted, double* sums) {
  { c.n_features() } -> std::same_as<std::size_t>;
  { c.tile_rows() } -> std::same_as<std::size_t>;
  // In which scores are made.
  requires std::floating_point<typename C::Real>;
  // Rows i .. i + n, n up to tile_rows(); returns n rounded up to what score and add fill.
  { c.load(block, i, i, workspace) } -> std::same_as<std::size_t>;
  // joint = ln pi_k + ln p(x_r | k).
  c.score(workspace, constants, joint);
  // Adds n_sums() component sums with weights weighted = w_r r_rk, complete once the block is finished.
  { c.n_sums() } -> std::same_as<std::size_t>;
  c.add(workspace, weighted, sums);
  c.finish(workspace, sums);
  // ln of component i's density at its mean, which scores are given as constants; for truncation (truncation.hpp), the
  // same or more where rows differ in it, and whether the rule holds.
  { c.log_peak(i) } -> std::same_as<double>;
  { c.log_most(i) } -> std::same_as<double>;
  { c.can_truncate() } -> std::same_as<bool>;
  // Added to the log-likelihood; 0 without a prior.
  { c.log_prior() } -> std::same_as<double>;
  // Whether a row's statistics are bounded: no quadratic form, and no row too far out to be multiplied by 0 ...
  requires std::same_as<decltype(C::bounded), const bool>;
  // ... else what was loaded of the rows of weight 0 can be made zeros.
  requires C::bounded || requires { c.clear_rows(weighted, workspace); };
};

/// M-step.
template <class C>
concept UpdatedComponents = requires(C c, const C fixed, const RowPass<typename C::Row>& pass,
                                     const ColumnMoments& moments, const std::vector<typename C::Row>& seeds,
                                     std::span<const double> n, std::span<const double> sums, typename C::Step& step,
                                     Repairs& repairs, std::size_t k, std::span<const typename C::Row> row,
                                     const std::vector<std::size_t>& clusters) {
  // What belongs to the rows of a fit.
  c.begin_fit(pass, moments);
  c.end_fit();
  { fixed.step(n, sums) } -> std::same_as<typename C::Step>;
  // Whether the sums lost digits, and the remedy before a second pass: same scores, sums about other points.
  { fixed.must_recentre(step) } -> std::same_as<bool>;
  c.recentre(step);
  // Whether any parameter changed in any bit.
  { c.maximise(n, step, repairs) } -> std::same_as<bool>;
  // The same from a hard clustering, smoothed: start, then a pass and maximise_start, start_steps times.
  { fixed.start_steps() } -> std::same_as<int>;
  c.start(seeds);
  c.maximise_start(n, step);
  // Empty components: component k starts again at a row, or some are taken out, in rising order.
  c.reseed(k, row);
  c.remove(clusters);
};

/// Parameters in files, as Model has them.
template <class C>
concept StoredComponents = requires(C c, const C fixed, const NamedArrays& arrays, const std::string& source,
                                    const FeatureNames& names) {
  { fixed.parameters() } -> std::same_as<NamedArrays>;
  c.set_parameters(arrays, source);
  { fixed.n_parameters() } -> std::same_as<std::int64_t>;
  { fixed.warnings(names) } -> std::same_as<std::vector<std::string>>;
};

template <class C>
concept MixtureComponents = ScoredComponents<C> && UpdatedComponents<C> && StoredComponents<C>;

}  // namespace shoal
