#include "shoal/search/sample.hpp"

#include <algorithm>

#include "shoal/core/random.hpp"

namespace shoal {

template <class Row>
Sample<Row>::Sample(std::vector<Row> values, std::vector<double> weights, const std::vector<Row>& noise,
                    const BlockSource<Row>& like) {
  const auto n = static_cast<std::int64_t>(weights.size());
  shard_.partition = partition(n, like.n_features, like.coding.n_features() > 0);
  shard_.blocks = {0, shard_.partition.n_blocks};
  shard_.n_features = like.n_features;
  shard_.coding = like.coding;
  shard_.noise_layout = like.noise_layout;
  shard_.noise.assign(noise.begin(), noise.end());
  shard_.values.resize(values.size() + (like.coding.n_features() > 0 ? RowCoding::spare_bytes : 0));
  std::ranges::copy(values, shard_.values.begin());
  summary_ = {n, n, 0};
  for (const double weight : weights) summary_.total_weight += weight;
  if (std::ranges::any_of(weights, [](double weight) { return weight != 1; })) shard_.weights = std::move(weights);
}

template <class Row>
Sample<Row> Sample<Row>::part(const std::vector<std::pair<std::int64_t, double>>& rows) const {
  const auto lines = [&](const LargeVector<Row>& all, std::size_t width) {
    std::vector<Row> some;
    some.reserve(rows.size() * width);
    for (const auto& [row, weight] : rows) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(row) * width);
      some.insert(some.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
    return some;
  };
  std::vector<double> weights;
  for (const auto& [row, weight] : rows) weights.push_back(weight);
  const std::size_t of_noise = shard_.noise.empty() ? 0 : shard_.noise_layout.width(shard_.n_features);
  return {lines(shard_.values, shard_.width()), std::move(weights), lines(shard_.noise, of_noise), shard_};
}

template <class Row>
Sample<Row> draw_sample(const RowPass<Row>& pass, std::int64_t n_rows, std::uint64_t seed) {
  const BlockSource<Row>& source = pass.source();
  const bool all = n_rows >= pass.summary().rows_used;
  const double draws_a_weight = static_cast<double>(n_rows) / pass.summary().total_weight;
  std::vector<std::int64_t> mine;
  std::vector<double> weights;
  for (std::size_t r = 0; r < source.n_rows(); ++r) {
    const double weight = source.weights.empty() ? 1.0 : source.weights[r];
    const std::int64_t row = source.rows().first + static_cast<std::int64_t>(r);
    if (weight == 0) continue;
    const double draws = weight * draws_a_weight;
    if (!all && random_uniform(seed, Stream::sample, 0, static_cast<std::uint64_t>(row)) >= draws) continue;
    mine.push_back(row);
    weights.push_back(all ? weight : std::max(1.0, draws));
  }
  const std::vector<std::int64_t> rows = pass.gather(mine);
  return {pass.fetch(rows), pass.gather(weights), pass.fetch_noise(rows), source};
}

#define SHOAL_INSTANTIATE(Row) \
  template class Sample<Row>;  \
  template Sample<Row> draw_sample<Row>(const RowPass<Row>&, std::int64_t, std::uint64_t);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
