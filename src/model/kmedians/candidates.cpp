#include "model/kmedians/candidates.hpp"

#include <algorithm>

namespace shoal {

template <class T>
Candidates<T>::Candidates(const RowPass<T>& pass, std::size_t n_clusters)
    : n_features_(pass.source().n_features),
      n_rows_(pass.source().n_rows()),
      n_threads_(static_cast<std::size_t>(pass.n_threads())) {
  forget(n_clusters);
}

template <class T>
void Candidates<T>::forget(std::size_t n_clusters) {
  const std::size_t n_pairs = n_clusters * n_features_;
  clusters.assign(n_clusters, 0);
  for (auto* counts : {&below, &inside, &ties}) counts->assign(n_pairs, 0);
  brackets = PairBrackets<T>(n_pairs);
  list = {};
  most_ = std::max(n_rows_ / 4 * 3, 256 * n_pairs * n_threads_);
  has_brackets_ = false;
  moved_.clear();
}

template <class T>
std::unique_ptr<typename Candidates<T>::Moved> Candidates<T>::nothing_moved() const {
  auto moved = std::make_unique<Moved>(has_brackets_ ? ties.size() : 0, most_ / n_threads_);
  moved->clusters.assign(clusters.size(), 0);
  return moved;
}

template <class T>
void Candidates<T>::move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves,
                         const IntegerWeights& weights) {
  const auto moved = moved_.borrow([&] { return nothing_moved(); });
  for (const RowMove& one : moves) {
    const std::size_t r = first + one.row, local = block.first_local + r;
    const std::int64_t weight = weights[local];
    if (weight == 0) continue;
    moved->clusters[static_cast<std::size_t>(one.to)] += weight;
    if (has_brackets_)
      moved->count_row(block, r, one.to, weight, brackets, [&](std::size_t j) {
        moved->list(ordered_key(static_cast<double>(block.row(r)[j])), local, j);
      });
    if (one.from < 0) continue;
    moved->clusters[static_cast<std::size_t>(one.from)] -= weight;
    if (!has_brackets_) continue;
    moved->count_row(block, r, one.from, -weight, brackets, [](std::size_t) {});
    moved->left.push_back(local);
  }
}

template <class T>
void Candidates<T>::collect(Round& round) {
  std::vector<bool> left(has_brackets_ ? n_rows_ : 0);
  bool full = false, any = false;
  moved_.for_each([&](const Moved& moved) {
    for (std::size_t i = 0; i < clusters.size(); ++i) round.clusters[i] += moved.clusters[i];
    for (const std::size_t row : moved.left) {
      full = full || left[row];  // moved twice: a candidate in a cluster between
      left[row] = any = true;
    }
  });
  if (!has_brackets_) return moved_.clear();
  if (any) std::erase_if(list, [&](const Candidate& one) { return left[one.row()]; });
  moved_.for_each([&](const Moved& moved) {
    round.add(moved);
    for (std::size_t p = 0; p < ties.size(); ++p) ties[p] += moved.ties[p];
    full = full || moved.full || list.size() + moved.candidates.size() > most_;
    if (!full) list.insert(list.end(), moved.candidates.begin(), moved.candidates.end());
  });
  moved_.clear();
  if (!full) return;
  list = {};
  ++*round.full;
}

template <class T>
void Candidates<T>::keep(const PairBrackets<T>& narrower, std::span<const std::int32_t> labels,
                         const IntegerWeights& weights) {
  has_brackets_ = narrower.count() > 0;
  if (!has_brackets_) {
    list = {};
    std::ranges::fill(ties, 0);
    brackets = narrower;
    return;
  }
  std::vector<std::uint64_t> low(ties.size()), high(ties.size());
  for (std::size_t p = 0; p < ties.size(); ++p) low[p] = narrower.low_key(p), high[p] = narrower.high_key(p);
  const auto moved = moved_.borrow([&] { return nothing_moved(); });
  const auto take_out = [&](std::size_t p, std::uint64_t key, std::int64_t weight) {
    if (key >= low[p] && key <= high[p]) return false;
    moved->inside[p] -= weight;
    if (key < low[p]) moved->below[p] += weight;
    return true;
  };
  std::erase_if(list,
                [&](const Candidate& one) { return take_out(pair_of(one, labels), one.key(), weights[one.row()]); });
  for (std::size_t p = 0; p < ties.size(); ++p)
    if (ties[p] != 0 && take_out(p, brackets.pivot_key(p), ties[p])) ties[p] = 0;
  brackets = narrower;
}

template class Candidates<float>;
template class Candidates<double>;

}  // namespace shoal
