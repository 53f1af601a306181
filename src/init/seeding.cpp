#include "shoal/init/seeding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/random.hpp"
#include "shoal/init/recluster.hpp"
#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::uint32_t usual_rounds = 5;
constexpr int lloyd_passes = 3;

/// The same for rows of equal values (missing ones, too), different for others.
template <class Row>
std::string key_of(std::span<const Row> row) {
  std::string key;
  for (Row value : row) {
    if (value == Row(0)) value = Row(0);  // -0.0
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return key;
}

/// The candidates so far, and of each local row the nearest one.
template <class Row>
struct Candidates {
  std::vector<Row> values;
  std::vector<double> distance;
  std::vector<std::int32_t> nearest;
  std::size_t width = 0;  ///< values of a row
  std::set<std::string> seen;

  explicit Candidates(const RowPass<Row>& pass)
      : distance(pass.source().n_rows(), infinity), nearest(pass.source().n_rows(), 0), width(pass.source().width()) {}

  [[nodiscard]] std::size_t size() const { return values.size() / width; }

  /// The rows' distances and nearest candidates are not wanted any more: 12 bytes a row.
  void forget_rows() {
    distance = std::vector<double>();  // {} alone would keep its memory
    nearest = std::vector<std::int32_t>();
  }

  /// Adds the rows that differ from all candidates so far.
  void add(const RowPass<Row>& pass, const SeedSpace<Row>& space, const std::vector<std::int64_t>& rows) {
    const std::vector<Row> fetched = pass.fetch(rows);
    std::vector<Row> fresh;
    for (auto row = fetched.begin(); row != fetched.end(); row += static_cast<std::ptrdiff_t>(width))
      if (seen.insert(key_of<Row>({row, width})).second)
        fresh.insert(fresh.end(), row, row + static_cast<std::ptrdiff_t>(width));
    const auto first = static_cast<std::int32_t>(size());
    pass.for_each_block([&](const RowBlock<Row>& block, int) {
      space.improve(block, fresh, first, std::span(distance).subspan(block.first_local, block.n_rows),
                    std::span(nearest).subspan(block.first_local, block.n_rows));
    });
    values.insert(values.end(), fresh.begin(), fresh.end());
  }
};

/// Brings the total weight near 1, so that products with distances stay numbers: a power of two, so that no draw
/// changes.
template <class Row>
double weight_scale(const RowPass<Row>& pass) {
  return std::ldexp(1.0, -std::clamp(std::ilogb(pass.summary().total_weight), -1000, 1000));
}

/// One row, each with probability proportional to its weight: the least of independent exponential keys.
template <class Row>
std::vector<std::int64_t> first_row(const RowPass<Row>& pass, std::uint64_t seed) {
  return pass.largest(1, [&](const RowBlock<Row>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = random_uniform(seed, Stream::first_seed, 0, static_cast<std::uint64_t>(block.first_row) + r);
    log_of(score, score);
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = block.weight(r) > 0 ? score[r] / block.weight(r) : -infinity;
  });
}

template <class Row>
double cost_of(const RowPass<Row>& pass, const std::vector<double>& distance) {
  const double scale = weight_scale(pass);
  const Statistics sums = pass.reduce(SumLayout{1}, [&](const RowBlock<Row>& block, Statistics& s) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      if (block.weight(r) > 0) s.sums[0] += scale * block.weight(r) * distance[block.first_local + r];
  });
  if (!std::isfinite(sums.sums[0])) throw distances_too_large();
  return sums.sums[0];
}

/// Rows drawn in one round; where chance draws none, the one of largest cost.
template <class Row>
std::vector<std::int64_t> oversample(const RowPass<Row>& pass, const std::vector<double>& distance, double factor,
                                     std::uint64_t seed, std::uint32_t round) {
  const BlockSource<Row>& source = pass.source();
  const double scale = weight_scale(pass);
  std::vector<std::int64_t> mine;
  for (std::size_t r = 0; r < distance.size(); ++r) {
    const std::int64_t row = source.rows().first + static_cast<std::int64_t>(r);
    const double weight = scale * (source.weights.empty() ? 1.0 : source.weights[r]);
    if (weight == 0) continue;
    if (random_uniform(seed, Stream::oversample, round, static_cast<std::uint64_t>(row)) <
        factor * weight * distance[r])
      mine.push_back(row);
  }
  std::vector<std::int64_t> rows = gather_values(pass.comm(), mine);
  if (!rows.empty()) return rows;
  return pass.largest(1, [&](const RowBlock<Row>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const double cost = block.weight(r) > 0 ? scale * block.weight(r) * distance[block.first_local + r] : 0.0;
      score[r] = cost > 0 ? cost : -infinity;
    }
  });
}

template <class Row>
std::vector<double> weights_of(const RowPass<Row>& pass, const Candidates<Row>& candidates) {
  const double scale = weight_scale(pass);
  return pass
      .reduce(SumLayout{candidates.size()},
              [&](const RowBlock<Row>& block, Statistics& s) {
                for (std::size_t r = 0; r < block.n_rows; ++r)
                  s.sums[static_cast<std::size_t>(candidates.nearest[block.first_local + r])] +=
                      scale * block.weight(r);
              })
      .sums;
}

[[noreturn]] void too_few_distinct(std::size_t found, std::size_t n_clusters) {
  throw Error(ExitCode::usage, fmt::format("-k {}: the data hold only {} distinct {}; use at most -k {}", n_clusters,
                                           found, found == 1 ? "row" : "rows", found));
}

/// K seeds from `chosen` rows, repeated in turn where they are fewer, and the labels that go with them.
template <class Row>
Seeds<Row> finish(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::vector<Row> chosen,
                  std::size_t n_clusters) {
  const std::size_t distinct = chosen.size();
  while (chosen.size() < n_clusters * pass.source().width()) chosen.push_back(chosen[chosen.size() % distinct]);
  std::vector<std::int32_t> labels = labels_of(pass, space, chosen);
  return {std::move(chosen), std::move(labels)};
}

}  // namespace

template <class Row>
std::vector<std::int32_t> labels_of(const RowPass<Row>& pass, const SeedSpace<Row>& space,
                                    const std::vector<Row>& centres) {
  std::vector<std::int32_t> labels(pass.source().n_rows(), 0);
  std::vector<double> distance(labels.size(), infinity);
  pass.for_each_block([&](const RowBlock<Row>& block, int) {
    space.improve(block, centres, 0, std::span(distance).subspan(block.first_local, block.n_rows),
                  std::span(labels).subspan(block.first_local, block.n_rows));
  });
  return labels;
}

template <class Row>
Seeds<Row> kmeans_parallel(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters,
                           std::uint64_t seed, bool need_distinct) {
  Candidates<Row> candidates(pass);
  candidates.add(pass, space, first_row(pass, seed));
  double cost = cost_of(pass, candidates.distance);
  for (std::uint32_t round = 0; cost > 0 && (round < usual_rounds || candidates.size() < n_clusters); ++round) {
    pass.phase(
        fmt::format("seeding: round {} of {}{}", round + 1, usual_rounds, round < usual_rounds ? "" : " or more"));
    const double factor = 2.0 * static_cast<double>(n_clusters) / cost;
    candidates.add(pass, space, oversample(pass, candidates.distance, factor, seed, round));
    cost = cost_of(pass, candidates.distance);
  }
  if (candidates.size() < n_clusters && need_distinct) too_few_distinct(candidates.size(), n_clusters);
  pass.phase(fmt::format("seeding: {} seeds of {} candidates", n_clusters, candidates.size()));
  const std::vector<std::size_t> chosen =
      recluster(space, candidates.values, candidates.width, weights_of(pass, candidates), n_clusters, seed);
  candidates.forget_rows();
  std::vector<Row> values;
  for (const std::size_t c : chosen)
    values.insert(values.end(), candidates.values.begin() + static_cast<std::ptrdiff_t>(c * candidates.width),
                  candidates.values.begin() + static_cast<std::ptrdiff_t>((c + 1) * candidates.width));
  return finish(pass, space, std::move(values), n_clusters);
}

template <class Row>
Seeds<Row> random_rows(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters,
                       std::uint64_t seed, bool need_distinct) {
  const std::size_t d = pass.source().width();
  const auto draw = [&](const RowBlock<Row>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      score[r] = block.weight(r) > 0
                     ? random_uniform(seed, Stream::random_rows, 0, static_cast<std::uint64_t>(block.first_row) + r)
                     : -infinity;
  };
  for (std::size_t wanted = 2 * n_clusters;; wanted *= 4) {
    const std::vector<std::int64_t> rows = pass.largest(wanted, draw);
    const std::vector<Row> values = pass.fetch(rows);
    std::set<std::string> seen;
    std::vector<Row> chosen;
    for (std::size_t i = 0; i < rows.size() && chosen.size() < n_clusters * d; ++i) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * d);
      if (seen.insert(key_of<Row>({first, d})).second)
        chosen.insert(chosen.end(), first, first + static_cast<std::ptrdiff_t>(d));
    }
    const bool all_seen = rows.size() < wanted;
    if (chosen.size() < n_clusters * d && !all_seen) continue;
    if (chosen.size() < n_clusters * d && need_distinct) too_few_distinct(chosen.size() / d, n_clusters);
    return finish(pass, space, std::move(chosen), n_clusters);
  }
}

template <class Row>
Seeds<Row> draw_seeds(const RowPass<Row>& pass, const SeedSpace<Row>& space, Seeding seeding, std::uint64_t seed,
                      std::size_t n_clusters, bool mixture) {
  const auto draw = seeding == Seeding::random ? random_rows<Row> : kmeans_parallel<Row>;
  Seeds<Row> seeds = draw(pass, space, n_clusters, seed, !mixture);
  if (mixture) refine_labels(pass, space, n_clusters, lloyd_passes, seeds.labels);
  return seeds;
}

#define SHOAL_INSTANTIATE(Row)                                                                                         \
  template std::vector<std::int32_t> labels_of<Row>(const RowPass<Row>&, const SeedSpace<Row>&,                        \
                                                    const std::vector<Row>&);                                          \
  template Seeds<Row> kmeans_parallel<Row>(const RowPass<Row>&, const SeedSpace<Row>&, std::size_t, std::uint64_t,     \
                                           bool);                                                                      \
  template Seeds<Row> random_rows<Row>(const RowPass<Row>&, const SeedSpace<Row>&, std::size_t, std::uint64_t, bool);  \
  template Seeds<Row> draw_seeds<Row>(const RowPass<Row>&, const SeedSpace<Row>&, Seeding, std::uint64_t, std::size_t, \
                                      bool);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
