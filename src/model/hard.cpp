#include "shoal/model/hard.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "shoal/math/count_rows.hpp"
#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// Whether a row differs from its centre by more than rounding can put between a row and the mean of copies of it.
template <class T>
bool is_apart(const T* row, std::span<const double> centre) {
  constexpr double rounding = 16 * std::numeric_limits<double>::epsilon();
  for (std::size_t d = 0; d < centre.size(); ++d) {
    const auto x = static_cast<double>(row[d]);
    if (std::abs(x - centre[d]) > rounding * std::max(std::abs(x), std::abs(centre[d]))) return true;
  }
  return false;
}

/// Objective and cluster weights of a block.
class BlockTally {
 public:
  explicit BlockTally(std::size_t n_clusters) : weight_(n_clusters, 0.0), count_(count_copies * n_clusters, 0) {}

  /// Tiles of a block in order, each but the last a multiple of 8 rows. weights: null where all are 1.
  template <class T>
  void add(std::span<const T> distance, const std::int32_t* labels, const double* weights) {
    if (weights == nullptr)
      add_distances<T>(distance), count_rows(labels, distance.size(), weight_.size(), count_.data());
    else
      for (std::size_t r = 0; r < distance.size(); ++r) {
        if (weights[r] == 0) continue;
        sums_[r % n_sums] += weights[r] * static_cast<double>(distance[r]);
        weight_[static_cast<std::size_t>(labels[r])] += weights[r];
      }
  }

  void add_to(Statistics& sums) const {
    for (const double sum : sums_) sums.sums[0] += sum;
    for (std::size_t i = 0; i < count_.size(); ++i) sums.sums[1 + i % weight_.size()] += static_cast<double>(count_[i]);
    for (std::size_t k = 0; k < weight_.size(); ++k) sums.sums[1 + k] += weight_[k];
  }

 private:
  template <class T>
  void add_distances(std::span<const T> distance) {
    std::size_t r = 0;
    for (; r + n_sums <= distance.size(); r += n_sums)
      for (std::size_t i = 0; i < n_sums; ++i) sums_[i] += static_cast<double>(distance[r + i]);
    for (; r < distance.size(); ++r) sums_[r % n_sums] += static_cast<double>(distance[r]);
  }

  static constexpr std::size_t n_sums = 8;
  std::array<double, n_sums> sums_{};
  std::vector<double> weight_;
  std::vector<std::int64_t> count_;
};

/// Of each row of a block to all centres, by the plain formula, in double.
template <class T>
void store_distances(const RowBlock<T>& block, const Matrix& centres, Distance distance, double* out) {
  const bool manhattan = distance == Distance::manhattan;
  for (std::size_t r = 0; r < block.n_rows; ++r)
    for (std::size_t k = 0; k < centres.rows; ++k) {
      const T* const row = block.row(r);
      const std::span<const double> centre = centres.row(k);
      double sum = 0;
      for (std::size_t d = 0; d < centre.size(); ++d) {
        const double difference = static_cast<double>(row[d]) - centre[d];
        sum += manhattan ? std::abs(difference) : difference * difference;
      }
      *out++ = manhattan ? sum : std::sqrt(sum);
    }
}

}  // namespace

template <class T>
HardModel<T>::HardModel(const ModelOptions& options, std::size_t n_features, std::string centres_name,
                        Distance distance)
    : centres_name_(std::move(centres_name)),
      distance_(distance),
      held_(held_components(options.held, centres_name_, options.n_clusters)),
      empty_cluster_(options.empty_cluster),
      centres_(options.n_clusters, n_features),
      search_(distance == Distance::manhattan ? Metric::manhattan : Metric::squared_euclidean) {}

template <class T>
void HardModel<T>::attach(const RowPass<T>& pass, const ColumnMoments& /*moments*/) {
  search_.begin(pass.source().n_rows(), n_clusters(), n_features());
}

template <class T>
void HardModel<T>::detach() {
  search_.end();
}

template <class T>
void HardModel<T>::start_from(const std::vector<T>& seeds, const Membership& /*rows*/, const RowPass<T>& /*pass*/) {
  Matrix centres(n_clusters(), n_features());
  std::ranges::copy(seeds, centres.values.begin());
  set_centres(std::move(centres));
}

template <class T>
void HardModel<T>::set_centres(Matrix centres) {
  const Matrix before = std::exchange(centres_, std::move(centres));
  if (before.rows != centres_.rows) forget_rows();
  search_.set_centres(before, centres_, choose_origin(centres_));
}

template <class T>
NamedArrays HardModel<T>::parameters() const {
  return {as_array(centres_name_, centres_)};
}

template <class T>
void HardModel<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  set_centres(require_matrix(arrays, centres_name_, n_clusters(), n_features(), source));
}

template <class T>
std::vector<double> HardModel<T>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(n_clusters())};
}

template <class T>
SumLayout HardModel<T>::statistics(bool /*scores_only*/) const {
  return {1 + n_clusters(), 1};
}

template <class T>
std::int64_t HardModel<T>::n_parameters() const {
  const auto held = static_cast<std::size_t>(std::ranges::count(held_, true));
  return static_cast<std::int64_t>((n_clusters() - held) * n_features());
}

template <class T>
void HardModel<T>::expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const {
  BlockTally tally(n_clusters());
  search_.for_each_tile(block, [&](typename NearestSearch<T>::Tile& tile) {
    if (distance_ == Distance::euclidean)
      for (std::size_t r = 0; r < tile.n_rows; ++r) tile.distance[r] = std::sqrt(tile.distance[r]);
    const double* weights = block.weights == nullptr ? nullptr : block.weights + tile.first;
    tally.add<T>(std::span(tile.distance).first(tile.n_rows), tile.label.data(), weights);
    if (!tile.moves.empty()) rows_moved(block, tile.first, tile.moves);
    for (std::size_t r = 0; outputs.log_density != nullptr && r < tile.n_rows; ++r)
      outputs.log_density[tile.first + r] = -static_cast<double>(tile.distance[r]);
    if (outputs.label != nullptr) std::copy_n(tile.label.begin(), tile.n_rows, outputs.label + tile.first);
  });
  tally.add_to(sums);
  if (outputs.distances != nullptr) store_distances(block, centres_, distance_, outputs.distances);
}

template <class T>
bool HardModel<T>::update(const Statistics& sums, const RowPass<T>& pass) {
  std::vector<double> filled = counts(sums);
  for (std::size_t k = 0; k < filled.size(); ++k)
    if (held_[k]) filled[k] = 1;  // it stays where it is
  const std::vector<std::size_t> empty = empty_clusters(filled, 0.0, empty_cluster_);
  Matrix moved = moved_centres(sums, pass);
  for (std::size_t k = 0; k < filled.size(); ++k)
    if (held_[k]) std::ranges::copy(centres_.row(k), moved.row(k).begin());
  if (empty_cluster_ == EmptyCluster::drop) {
    moved = without_rows(moved, empty);
    held_.resize(moved.rows);  // none, or all: then none is empty
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
  } else if (!empty.empty()) {
    this->repairs_.reseeded += static_cast<std::int64_t>(reseed(moved, empty, pass));
  }
  const bool changed = !same_bits(moved.values, centres_.values);
  set_centres(std::move(moved));
  return changed;
}

/// Moves each cluster of `empty` to a row far from its centre: the farthest ones of positive weight, the lowest on
/// ties, each row once. Rows that coincide with their centre but for rounding are passed over. Returns how many moved.
template <class T>
std::size_t HardModel<T>::reseed(Matrix& centres, const std::vector<std::size_t>& empty, const RowPass<T>& pass) const {
  const auto rows = pass.largest(empty.size(), [&](const RowBlock<T>& block, std::span<double> score) {
    Statistics unused = this->statistics(true);
    std::vector<std::int32_t> label(block.n_rows);
    this->expect(block, unused, {label.data(), score.data(), nullptr});
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const bool apart = is_apart(block.row(r), centres_.row(static_cast<std::size_t>(label[r])));
      score[r] = block.weight(r) > 0 && apart ? -score[r] : -std::numeric_limits<double>::infinity();
    }
  });
  const Matrix values = pass.fetch_matrix(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(values.row(i), centres.row(empty[i]).begin());
  return rows.size();
}

template class HardModel<float>;
template class HardModel<double>;

}  // namespace shoal
