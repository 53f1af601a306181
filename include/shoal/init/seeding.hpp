/// Rows to start from. Every draw is a function of the seed and the global row, so the seeds do not depend on ranks.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/init/seed_space.hpp"
#include "shoal/init/start.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

template <class Row>
struct Seeds {
  std::vector<Row> values;           ///< K x D, rows of the data as held
  std::vector<std::int32_t> labels;  ///< nearest seed of each of this rank's rows
};

/// k-means|| (Bahmani et al., VLDB 2012): five rounds that sample each row with probability 2 K w d / cost, further
/// rounds until there are K candidates, then greedy k-means++ (Arthur & Vassilvitskii 2007) among the candidates, each
/// weighted by the rows nearest to it. Collective. Rows of weight 0 are never drawn.
/// `need_distinct` (hard models): Error(usage) where the data hold fewer than K distinct rows; else seeds repeat.
template <class Row>
Seeds<Row> kmeans_parallel(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters,
                           std::uint64_t seed, bool need_distinct);

/// K rows drawn without replacement, equal for every row of positive weight; repeated values are passed over.
template <class Row>
Seeds<Row> random_rows(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters,
                       std::uint64_t seed, bool need_distinct);

/// The nearest of some centres (K x D, as rows are held), of each of this rank's rows.
template <class Row>
std::vector<std::int32_t> labels_of(const RowPass<Row>& pass, const SeedSpace<Row>& space,
                                    const std::vector<Row>& centres);

/// Seeds of one of these kinds, whose labels are, for a mixture, those after three passes of Lloyd from them: fewer of
/// its first components are then tiny or flat. `need_distinct` otherwise. Collective.
template <class Row>
Seeds<Row> draw_seeds(const RowPass<Row>& pass, const SeedSpace<Row>& space, Seeding seeding, std::uint64_t seed,
                      std::size_t n_clusters, bool mixture);

}  // namespace shoal
