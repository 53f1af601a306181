#include "search/split_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "search/nearest_two.hpp"
#include "shoal/core/random.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
// As they were tried on simulated data: enough for what ten starts find, at their price.
constexpr int most_of_one = 2;  ///< moves of a round with the same component split, or the same one gone
constexpr int most_successes = 60;
constexpr int most_failures = 2;     ///< rounds in vain
constexpr double least_part = 1e-3;  ///< of a row, to count as a component's own

/// What a row loses where a component goes that leaves `rest` of its density to the others.
double loss_of_row(double rest) { return -log_of(std::max(rest, 0x1p-100)); }

template <class Row>
std::vector<double> weights_of(const Sample<Row>& sample) {
  const Shard<Row>& rows = sample.rows();
  return rows.weights.empty() ? std::vector<double>(rows.n_rows(), 1.0) : rows.weights;
}

/// A number below the sum of the masses that is a function of the draw.
double draw_below(std::span<const double> masses, std::uint64_t seed, std::uint32_t step, std::size_t k) {
  const double sum = std::accumulate(masses.begin(), masses.end(), 0.0);
  return sum * random_uniform(seed, Stream::split, step, k);
}

}  // namespace

template <class Row>
SplitMerge<Row>::SplitMerge(const SampleFits<Row>& fits, const SampleFits<Row>& parts, const Sample<Row>& sample,
                            const Crew& crew, std::uint64_t seed)
    : fits_(fits),
      parts_(parts),
      sample_(sample),
      crew_(crew),
      lines_(fits.options(), fits.n_features()),
      seed_(seed),
      limits_(fits.minimises() ? hard_limits : mixture_limits) {}

template <class Row>
typename SplitMerge<Row>::Analysis SplitMerge<Row>::analyse_components(const Candidate& from) const {
  const std::unique_ptr<Model<Row>> model = fits_.fixed(from.parameters);
  const std::size_t n = model->n_clusters();
  const RowPass<Row> pass = sample_.pass(crew_.n_threads());
  std::vector<Analysis> of_blocks(static_cast<std::size_t>(sample_.rows().blocks.size()), Analysis(0));
  pass.for_each_block([&](const RowBlock<Row>& block, int /*thread*/) {
    Analysis& mine = of_blocks[static_cast<std::size_t>(block.index)];
    mine = Analysis(n);
    std::vector<double> shares(block.n_rows * n);
    Statistics unused = model->statistics(true);
    RowOutputs outputs;
    outputs.responsibilities = shares.data();
    model->expect(block, unused, outputs);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::span<const double> share = std::span(shares).subspan(r * n, n);
      const auto top = static_cast<std::size_t>(std::ranges::max_element(share) - share.begin());
      double others = 0;
      for (std::size_t k = 0; k < n; ++k) others += k == top ? 0 : share[k];
      for (std::size_t k = 0; k < n; ++k) {
        mine.loss[k] += block.weight(r) * loss_of_row(k == top ? others : 1 - share[k]);
        if (share[k] >= least_part)
          mine.rows[k].emplace_back(block.first_row + static_cast<std::int64_t>(r), block.weight(r) * share[k]);
      }
    }
  });
  Analysis all(n);
  for (const Analysis& mine : of_blocks)
    for (std::size_t k = 0; k < n; ++k) {
      all.loss[k] += mine.loss[k];
      all.rows[k].insert(all.rows[k].end(), mine.rows[k].begin(), mine.rows[k].end());
    }
  return all;
}

/// The same of clusters that rows belong to.
template <class Row>
typename SplitMerge<Row>::Analysis SplitMerge<Row>::analyse_clusters(const Candidate& from) const {
  Analysis all(0);
  if constexpr (!std::is_same_v<Row, PackedByte>) {
    const NamedArray& array = from.parameters.front();
    Matrix centres(array.shape.front(), array.shape.back());
    centres.values = array.values;
    ClusterWorth worth = worth_of(centres, fits_.family().seed_metric(fits_.options()), sample_);
    all.loss = std::move(worth.utility);
    all.rows = std::move(worth.rows);
  }
  return all;
}

/// All rows belong to a cluster that is alone.
template <class Row>
typename SplitMerge<Row>::Analysis SplitMerge<Row>::analyse(const Candidate& from) const {
  if (n_clusters_of(from.parameters) > 1) return fits_.minimises() ? analyse_clusters(from) : analyse_components(from);
  Analysis all(1);
  const std::vector<double> weights = weights_of(sample_);
  for (std::size_t r = 0; r < weights.size(); ++r) all.rows[0].emplace_back(static_cast<std::int64_t>(r), weights[r]);
  return all;
}

/// The others share its weight, which takes from the loss; one that is not sound is no loss.
template <class Row>
std::vector<double> SplitMerge<Row>::losses(const Candidate& from, std::vector<double> loss) const {
  if (fits_.minimises()) return loss;
  const std::vector<double>& weights = find(from.parameters, "weights")->values;
  for (std::size_t k = 0; k < loss.size(); ++k) {
    const ComponentHealth& health = from.soundness.components[k];
    loss[k] += sample_.summary().total_weight * log_of(std::max(1 - weights[k], 1e-300));
    if (health.small || health.flat) loss[k] = 0;
  }
  return loss;
}

/// One row by its part in the component, and one far from it.
template <class Row>
Seeds<Row> SplitMerge<Row>::two_seeds(const Sample<Row>& rows, std::size_t k, std::uint32_t step) const {
  const Shard<Row>& shard = rows.rows();
  std::vector<double> masses = weights_of(rows);
  Seeds<Row> seeds{{}, std::vector<std::int32_t>(shard.n_rows(), 0)};
  std::vector<double> distance(shard.n_rows(), infinity);
  for (const std::int32_t i : {0, 1}) {
    const std::size_t row = draw_index(masses, draw_below(masses, seed_, step + static_cast<std::uint32_t>(i), k));
    const Row* const values = shard.values.data() + row * shard.width();
    const std::vector<Row> seed(values, values + shard.width());
    rows.pass().for_each_block([&](const RowBlock<Row>& block, int /*thread*/) {
      parts_.space().improve(block, seed, i, std::span(distance).subspan(block.first_local, block.n_rows),
                             std::span(seeds.labels).subspan(block.first_local, block.n_rows));
    });
    seeds.values.insert(seeds.values.end(), seed.begin(), seed.end());
    for (std::size_t r = 0; r < masses.size(); ++r) masses[r] *= distance[r];
  }
  return seeds;
}

template <class Row>
typename SplitMerge<Row>::Split SplitMerge<Row>::split(const Candidate& from, const Analysis& analysis, std::size_t k,
                                                       std::uint32_t draw) const {
  const double least = least_weight(fits_.options(), fits_.n_features(), sample_.summary());
  double weight = 0;
  for (const auto& [row, part] : analysis.rows[k]) weight += part;
  if (weight < 2 * least) return {};
  const Sample<Row> rows = sample_.part(analysis.rows[k]);
  const Seeds<Row> seeds = two_seeds(rows, k, 2 * (round_ * limits_.draws + draw));
  const Candidate halves = parts_.from_seeds(rows, seeds, 2, limits_.halves);
  const Candidate whole = parts_.from_parameters(rows, lines_.alone(from.parameters, k), {0, 0});
  if (!halves.exists() || !whole.exists() || halves.counts[0] < least || halves.counts[1] < least) return {};
  if (!halves.soundness.sound()) return {};
  const double share = static_cast<double>(rows.rows().n_rows()) / static_cast<double>(sample_.rows().n_rows());
  return {halves.parameters, std::abs(halves.objective - whole.objective),
          share * 2 * (halves.passes + 1) / static_cast<double>(analysis.loss.size())};
}

template <class Row>
std::vector<typename SplitMerge<Row>::Split> SplitMerge<Row>::best_splits(const Candidate& from,
                                                                          const Analysis& analysis,
                                                                          double& passes) const {
  const std::size_t n = analysis.loss.size();
  std::vector<Split> all = crew_.each<Split>(n * limits_.draws, [&](std::size_t task) {
    return split(from, analysis, task / limits_.draws, static_cast<std::uint32_t>(task % limits_.draws));
  });
  std::vector<Split> best(n);
  for (std::size_t task = 0; task < all.size(); ++task) {
    passes += all[task].passes;
    Split& so_far = best[task / limits_.draws];
    if (!all[task].halves.empty() && (so_far.halves.empty() || all[task].gain > so_far.gain))
      so_far = std::move(all[task]);
  }
  return best;
}

template <class Row>
std::vector<typename SplitMerge<Row>::Move> SplitMerge<Row>::moves(const Candidate& from,
                                                                   const std::vector<double>& loss,
                                                                   const std::vector<Split>& splits) const {
  const std::vector<ComponentHealth>& health = from.soundness.components;
  std::vector<Move> all;
  for (std::size_t k = 0; k < splits.size(); ++k)
    for (std::size_t j = 0; j < splits.size(); ++j)
      if (j != k && !splits[k].halves.empty())
        all.push_back({k, j, j < health.size() && (health[j].small || health[j].flat), splits[k].gain - loss[j]});
  std::ranges::stable_sort(all, std::greater<>(), [](const Move& one) { return std::pair(one.mends, one.promise); });
  std::vector<int> split(splits.size(), 0), gone(splits.size(), 0);
  std::vector<Move> chosen;
  for (const Move& move : all) {
    if (chosen.size() == limits_.most_tried) break;
    if (split[move.split] >= most_of_one || (gone[move.gone] >= most_of_one && !move.mends)) continue;
    ++split[move.split], ++gone[move.gone];
    chosen.push_back(move);
  }
  return chosen;
}

/// Component k becomes the first half of its split, `second` the other one; the weights are not yet of sum 1.
template <class Row>
void SplitMerge<Row>::divide(NamedArrays& all, std::size_t k, std::size_t second, const Split& split) const {
  lines_.put(split.halves, 0, all, k);
  lines_.put(split.halves, 1, all, second);
  if (fits_.minimises() || fits_.options().mixing != Mixing::learned) return;
  const std::vector<double>& halves = find(split.halves, "weights")->values;
  std::vector<double>& weights = weights_in(all);
  const double whole = weights[k];
  weights[k] = whole * halves[0];
  weights[second] = whole * halves[1];
}

/// The second half takes the place of the component that goes.
template <class Row>
NamedArrays SplitMerge<Row>::moved(const Candidate& from, const Move& move, const Split& split) const {
  NamedArrays next = from.parameters;
  divide(next, move.split, move.gone, split);
  if (!fits_.minimises() && fits_.options().mixing == Mixing::learned) to_sum_of_one(weights_in(next));
  return next;
}

template <class Row>
bool SplitMerge<Row>::succeeds(const Candidate& found, const Candidate& best) const {
  return better(found, best, fits_.minimises(), limits_.least_gain * scale_of(best));
}

/// In what limits are given: rows, or the objective.
template <class Row>
double SplitMerge<Row>::scale_of(const Candidate& best) const {
  return fits_.minimises() ? best.objective : sample_.summary().total_weight;
}

/// Better than what there is by more than the least gain, sound and settled; else what it came to.
template <class Row>
Candidate SplitMerge<Row>::tried(const Candidate& best, const NamedArrays& start) const {
  Candidate found = fits_.from_parameters(sample_, start, limits_.trial);
  if (!found.exists()) return found;
  const auto go_on = [&](const ShortFit& limits) {
    const double passes = found.passes;
    found = fits_.from_parameters(sample_, found.parameters, limits);
    found.passes += passes;
  };
  const double lacks = (fits_.minimises() ? 1 : -1) * (found.objective - best.objective);
  const bool may_pay = !best.soundness.sound() || lacks < limits_.worth_a_second * scale_of(best);
  if (!succeeds(found, best) && may_pay && found.passes > static_cast<double>(limits_.trial.steps))
    go_on(limits_.second_trial);
  if (succeeds(found, best)) go_on(limits_.settling);
  return found;
}

/// Whether it found something better.
template <class Row>
bool SplitMerge<Row>::round(Candidate& best) {
  const Analysis analysis = analyse(best);
  double passes = best.passes + 1;
  const std::vector<Split> splits = best_splits(best, analysis, passes);
  const std::vector<Move> chosen = moves(best, losses(best, analysis.loss), splits);
  ++round_;
  const auto will_do = [&](const Candidate& found) { return succeeds(found, best); };
  std::vector<Candidate> all = crew_.until<Candidate>(will_do, chosen.size(), [&](std::size_t i) {
    return tried(best, moved(best, chosen[i], splits[chosen[i].split]));
  });
  for (const Candidate& found : all) passes += found.passes;
  const bool success = !all.empty() && will_do(all.back());
  if (success) best = std::move(all.back());
  best.passes = passes;
  return success;
}

/// Whether they are the same optimum, as near as short fits come.
template <class Row>
bool SplitMerge<Row>::same_optimum(const Candidate& a, const Candidate& b) const {
  return a.exists() && b.exists() && a.soundness.n_degenerate() == b.soundness.n_degenerate() &&
         std::abs(a.objective - b.objective) <= limits_.least_gain * scale_of(b);
}

template <class Row>
Candidate SplitMerge<Row>::improved(Candidate from, const Candidate& known, const Phases& phases) {
  for (int successes = 0, failures = 0; successes < most_successes && failures < most_failures;) {
    if (same_optimum(from, known)) break;
    if (phases) phases(fmt::format("moves, {} made", successes));
    const bool success = round(from);
    successes += success ? 1 : 0;
    failures = success ? 0 : failures + 1;
  }
  return from;
}

template class SplitMerge<float>;
template class SplitMerge<double>;
template class SplitMerge<PackedByte>;

}  // namespace shoal
