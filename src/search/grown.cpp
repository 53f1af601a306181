// More components out of fewer.
#include <algorithm>
#include <functional>

#include "search/split_merge.hpp"

namespace shoal {

template <class Row>
Candidate SplitMerge<Row>::grown(const Candidate& from) {
  double passes = from.passes + 1;
  const Analysis analysis = analyse(from);
  const std::vector<Split> splits = best_splits(from, analysis, passes);
  ++round_;
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < splits.size(); ++k)
    if (!splits[k].halves.empty()) order.push_back(k);
  if (order.empty()) return {};
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t k) { return splits[k].gain; });
  order.resize(std::min(order.size(), fits_.options().n_clusters - splits.size()));
  NamedArrays next = from.parameters;
  for (std::size_t i = 0; i < order.size(); ++i) {
    next = lines_.with_copy(next, order[i]);
    divide(next, order[i], splits.size() + i, splits[order[i]]);
  }
  if (!fits_.minimises() && fits_.options().mixing != Mixing::learned) std::ranges::fill(weights_in(next), 1.0);
  if (!fits_.minimises()) to_sum_of_one(weights_in(next));
  Candidate found = fits_.from_parameters(sample_, next, limits_.settling);
  found.passes += passes;
  return found;
}

template Candidate SplitMerge<float>::grown(const Candidate&);
template Candidate SplitMerge<double>::grown(const Candidate&);
template Candidate SplitMerge<PackedByte>::grown(const Candidate&);

}  // namespace shoal
