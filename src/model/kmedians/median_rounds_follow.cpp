// What a search takes over from the one before, and what it settles from lists alone.
#include <algorithm>
#include <cstring>
#include <utility>

#include "model/kmedians/median_rounds.hpp"
#include "model/kmedians/median_tally.hpp"

namespace shoal {
namespace {

bool same_labels(const std::int32_t* a, const std::int32_t* b, std::size_t n) {
  return std::memcmp(a, b, n * sizeof(std::int32_t)) == 0;
}

}  // namespace

/// Takes out of the lists what narrower brackets leave out, and says what that does to the counts.
template <class T>
void MedianRounds<T>::shrink(const TriedBrackets<T>& brackets, std::int64_t* below, std::int64_t* inside) {
  std::vector<std::uint64_t> low(states_.size()), high(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    low[p] = ordered_key(static_cast<double>(brackets.low[p]));
    high[p] = ordered_key(static_cast<double>(brackets.high[p]));
  }
  const auto take_out = [&](std::size_t p, std::uint64_t key, std::int64_t weight) {
    if (key >= low[p] && key <= high[p]) return false;
    inside[p] -= weight;
    if (key < low[p]) below[p] += weight;
    return true;
  };
  std::erase_if(book_.list, [&](const Entry& e) { return take_out(pair_of(e), e.key(), weights_[e.row()]); });
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (take_out(p, ordered_key(static_cast<double>(book_.brackets.pivot[p])), book_.equal[p])) book_.equal[p] = 0;
  book_.brackets = brackets;
}

/// Takes the rows whose label is another one out of one cluster's counts and puts them into the other's.
template <class T>
std::vector<MedianTally<T>> MedianRounds<T>::changes_to(std::span<const std::int32_t> labels) {
  std::vector<MedianTally<T>> changes = tallies();
  for (MedianTally<T>& change : changes) change.clusters.assign(book_.clusters.size(), 0);
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    MedianTally<T>& mine = changes[static_cast<std::size_t>(thread)];
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      if (r % 64 == 0 && r + 64 <= block.n_rows &&
          same_labels(labels.data() + local, book_.labels.data() + local, 64)) {
        r += 63;
        continue;
      }
      const std::int32_t from = std::exchange(book_.labels[local], labels[local]), to = labels[local];
      const std::int64_t weight = weights_[local];
      if (from == to || weight == 0 || !counts(local)) continue;
      mine.clusters[static_cast<std::size_t>(from)] -= weight;
      mine.clusters[static_cast<std::size_t>(to)] += weight;
      mine.take_row(block.row(r), n_features_, from, weight, book_.brackets);
      mine.add_row(block, r, to, weight, book_.brackets);
    }
  });
  return changes;
}

template <class T>
void MedianRounds<T>::follow(MedianBook<T>&& book, std::span<const std::int32_t> labels,
                             const TriedBrackets<T>& brackets) {
  book_ = std::move(book);
  const std::size_t n = states_.size(), k = book_.clusters.size();
  const int bits = cell_bits(*std::ranges::max_element(book_.inside));
  std::vector<std::int64_t> found(k + 2 * n + 1 + (n << static_cast<unsigned>(bits)), 0);
  std::int64_t *below = found.data() + k, *inside = below + n, *full = inside + n, *in_cells = full + 1;
  shrink(brackets, below, inside);
  std::erase_if(book_.list, [&](const Entry& e) { return labels[e.row()] != book_.labels[e.row()]; });
  for (MedianTally<T>& change : changes_to(labels)) {
    *full = *full != 0 || change.full || book_.list.size() + change.entries.size() > most_entries() ? 1 : 0;
    if (*full == 0) book_.list.insert(book_.list.end(), change.entries.begin(), change.entries.end());
    change.finish(book_.brackets);
    for (std::size_t i = 0; i < k; ++i) found[i] += change.clusters[i];
    for (std::size_t p = 0; p < n; ++p) {
      below[p] += change.below[p], inside[p] += change.inside[p];
      book_.equal[p] += change.equal[p];
    }
  }
  const std::vector<Cells> cells = cells_of_lists(bits);
  count_lists(cells, bits, std::span(in_cells, n << static_cast<unsigned>(bits)));
  pass_.sum_counts(found);

  for (std::size_t i = 0; i < k; ++i) book_.clusters[i] += found[i];
  set_totals();
  const bool room = *full == 0;  // on every rank
  if (!room) book_.list = {};
  for (std::size_t p = 0; p < n; ++p) {
    book_.below[p] += below[p], book_.inside[p] += inside[p];
    if (!book_.brackets.tries(p) || !learn(p, book_.brackets, book_.below[p], book_.inside[p]) || !room) continue;
    states_[p].listed = true;
    keep_cell(p, cells[p], in_cells + (p << static_cast<unsigned>(bits)));
  }
}

/// How the lists are cut next.
template <class T>
std::vector<Cells> MedianRounds<T>::cells_of_lists(int bits) const {
  std::vector<Cells> cells(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    const PairState& state = states_[p];
    const bool fresh = !state.listed && book_.brackets.tries(p);
    const std::uint64_t low = fresh ? ordered_key(static_cast<double>(book_.brackets.low[p])) : state.low;
    const std::uint64_t high = fresh ? ordered_key(static_cast<double>(book_.brackets.high[p])) : state.high;
    if (low <= high) cells[p] = Cells(low, high, bits, state.cuts % 2 == 0);
  }
  return cells;
}

/// Counts what is listed as `cells` have it.
template <class T>
void MedianRounds<T>::count_lists(const std::vector<Cells>& cells, int bits, std::span<std::int64_t> counts) const {
  for_each_listed([&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    if (cells[pair].holds(key)) counts[(pair << static_cast<unsigned>(bits)) + cells[pair].place(key)] += weight;
  });
}

template <class T>
void MedianRounds<T>::narrow_lists() {
  const auto bits = static_cast<unsigned>(cell_bits(most_inside(true)));
  const std::vector<Cells> cells = cells_of_lists(static_cast<int>(bits));
  std::vector<std::int64_t> counts(states_.size() << bits, 0);
  count_lists(cells, static_cast<int>(bits), counts);
  pass_.sum_counts(counts);
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (states_[p].listed && !states_[p].narrow()) keep_cell(p, cells[p], counts.data() + (p << bits));
}

template void MedianRounds<float>::follow(MedianBook<float>&&, std::span<const std::int32_t>,
                                          const TriedBrackets<float>&);
template void MedianRounds<float>::narrow_lists();
template void MedianRounds<double>::follow(MedianBook<double>&&, std::span<const std::int32_t>,
                                           const TriedBrackets<double>&);
template void MedianRounds<double>::narrow_lists();

}  // namespace shoal
