#include "shoal/model/hard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "shoal/core/error.hpp"
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
  explicit BlockTally(std::size_t n_clusters) : weight_(n_clusters, 0.0), count_(n_copies * n_clusters, 0) {}

  /// Tiles of a block in order, each but the last a multiple of 8 rows. weights: null where all are 1.
  template <class T>
  void add(std::span<const T> distance, const std::int32_t* labels, const double* weights) {
    if (weights == nullptr)
      add_distances<T>(distance), count(labels, distance.size());
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

  /// Neighbouring rows count in different copies, lest each wait for the one before it.
  void count(const std::int32_t* labels, std::size_t n) {
    const std::size_t k = weight_.size();
    for (std::size_t r = 0; r < n; ++r) ++count_[r % n_copies * k + static_cast<std::size_t>(labels[r])];
  }

  static constexpr std::size_t n_sums = 8, n_copies = 4;
  std::array<double, n_sums> sums_{};
  std::vector<double> weight_;
  std::vector<std::int64_t> count_;
};

/// Rows of a tile: what fits a first-level cache twice, and makes the search of a part of them worth while.
std::size_t tile_rows(std::size_t row_bytes) {
  std::size_t rows = 1024;
  while (rows > 128 && rows * row_bytes > std::size_t{256} << 10U) rows /= 2;
  return rows;
}

/// Up to so many numbers a row are compared at once, which a look at the bounds does not beat.
constexpr std::size_t cheap_search = 64;

}  // namespace

/// A tile of a block's rows, and what the search finds for each of them.
template <class T>
struct HardModel<T>::Tile {
  explicit Tile(std::size_t n_features)
      : capacity(tile_rows(n_features * sizeof(T))),
        groups(n_groups<T>(capacity) * group_stride<T>(n_features)),
        gathered(capacity * n_features),
        distance(capacity),
        label(capacity),
        open(capacity + 1),
        least(capacity),
        second(capacity),
        nearest(capacity),
        narrow_rows(capacity * n_features),
        narrow_groups(n_groups<float>(capacity) * group_stride<float>(n_features)),
        narrow_least(capacity),
        narrow_second(capacity) {}
  std::size_t capacity;
  std::size_t first = 0, n_rows = 0;
  LargeVector<T> groups, gathered;  // which begin a cache line
  std::vector<T> distance;          ///< as the metric measures it
  std::vector<std::int32_t> label;
  std::vector<std::uint32_t> open;  ///< n_open rows whose label is not proved
  std::size_t n_open = 0;
  std::vector<T> least, second;  ///< of the rows that were searched
  std::vector<std::int32_t> nearest;
  LargeVector<float> narrow_rows, narrow_groups, narrow_least, narrow_second;
  LargeVector<double> moments;  ///< K x D sums of w (x - origin), of the block so far
};

template <class T>
HardModel<T>::HardModel(const ModelOptions& options, std::size_t n_features, std::string centres_name,
                        Distance distance)
    : centres_name_(std::move(centres_name)),
      distance_(distance),
      empty_cluster_(options.empty_cluster),
      centres_(options.n_clusters, n_features) {}

template <class T>
HardModel<T>::~HardModel() = default;

template <class T>
Metric HardModel<T>::metric() const {
  return distance_ == Distance::manhattan ? Metric::manhattan : Metric::squared_euclidean;
}

template <class T>
void HardModel<T>::begin_fit(const RowPass<T>& pass, const ColumnMoments& /*moments*/) {
  const bool bounded = n_clusters() > 1 && n_clusters() * n_features() > cheap_search;
  if (bounded || needs_labels()) bounds_.begin(pass.shard().n_rows(), bounded);
}

template <class T>
void HardModel<T>::end_fit() {
  bounds_.end();
}

template <class T>
void HardModel<T>::start(const std::vector<T>& seeds, std::span<const std::int32_t> /*labels*/,
                         const RowPass<T>& /*pass*/) {
  Matrix centres(n_clusters(), n_features());
  std::ranges::copy(seeds, centres.values.begin());
  set_centres(std::move(centres));
}

template <class T>
void HardModel<T>::set_centres(Matrix centres) {
  const Matrix before = std::exchange(centres_, std::move(centres));
  const std::vector<T> origin = choose_origin(centres_);
  const std::vector<T> less_origin = shifted<T>(centres_, origin);
  origin_.assign(origin.begin(), origin.end());
  kernel_centres_.assign(less_origin.begin(), less_origin.end());
  if (guesses()) narrow_centres_.assign(less_origin.begin(), less_origin.end());
  bounds_.move(metric(), before, centres_, kernel_centres_);
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
std::int64_t HardModel<T>::n_parameters() const {
  return static_cast<std::int64_t>(n_clusters() * n_features());
}

/// Compares n rows with every centre.
template <class T>
void HardModel<T>::search_all(const T* rows, std::size_t n, Tile& tile, const Nearest<T>& found) const {
  load_groups(rows, n, n_features(), origin_.data(), tile.groups.data());
  nearest(metric(), tile.groups.data(), n, kernel_centres_.data(), n_clusters(), n_features(), found);
}

/// The same in float, which is no more than a guess.
template <class T>
void HardModel<T>::search_narrow(const T* rows, std::size_t n, Tile& tile) const {
  const std::size_t d = n_features();
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t j = 0; j < d; ++j) tile.narrow_rows[r * d + j] = static_cast<float>(rows[r * d + j] - origin_[j]);
  const std::vector<float> zero(d, 0.0F);
  load_groups(tile.narrow_rows.data(), n, d, zero.data(), tile.narrow_groups.data());
  nearest(metric(), tile.narrow_groups.data(), n, narrow_centres_.data(), n_clusters(), d,
          {tile.narrow_least.data(), tile.narrow_second.data(), tile.nearest.data()});
}

/// Keeps of the tile's open rows those whose label is not proved, and returns them in a row.
template <class T>
const T* HardModel<T>::keep_open(const RowBlock<T>& block, Tile& tile) const {
  const std::size_t at = block.first_local + tile.first, d = n_features();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tile.n_open; ++i) {
    const std::size_t r = tile.open[i];
    tile.open[kept] = static_cast<std::uint32_t>(r);
    kept += bounds_.proves(at + r, tile.label[r], tile.distance[r]) ? 0 : 1;
  }
  tile.n_open = kept;
  if (kept == tile.n_rows) return block.row(tile.first);
  for (std::size_t i = 0; i < kept; ++i)
    std::copy_n(block.row(tile.first + tile.open[i]), d, tile.gathered.data() + i * d);
  return tile.gathered.data();
}

/// Label and distance of each row of a tile: the label of the pass before where it is proved to be still right, else
/// one found in float where that is proved, else by comparing with every centre.
template <class T>
void HardModel<T>::search(const RowBlock<T>& block, Tile& tile) const {
  const std::size_t at = block.first_local + tile.first, d = n_features();
  const auto own = [&](const T* rows, std::size_t n, const std::int32_t* label, T* distance) {
    distance_to_own(metric(), rows, n, d, origin_.data(), kernel_centres_.data(), label, distance);
  };
  if (!bounds_.bounded()) {
    search_all(block.row(tile.first), tile.n_rows, tile, {tile.distance.data(), nullptr, tile.label.data()});
  } else {
    for (std::size_t r = 0; r < tile.n_rows; ++r) tile.open[r] = static_cast<std::uint32_t>(r);
    tile.n_open = tile.n_rows;
    std::copy_n(labels().begin() + static_cast<std::ptrdiff_t>(at), tile.n_rows, tile.label.begin());
    if (tile.label[0] >= 0) {
      own(block.row(tile.first), tile.n_rows, tile.label.data(), tile.distance.data());
    } else {
      std::fill_n(tile.label.begin(), tile.n_rows, 0);
      std::fill_n(tile.distance.begin(), tile.n_rows, std::numeric_limits<T>::infinity());
    }
    const T* open = keep_open(block, tile);
    if (guesses() && tile.n_open > 0) {
      search_narrow(open, tile.n_open, tile);
      own(open, tile.n_open, tile.nearest.data(), tile.least.data());
      for (std::size_t i = 0; i < tile.n_open; ++i) {
        const std::size_t r = tile.open[i];
        tile.label[r] = tile.nearest[i];
        tile.distance[r] = tile.least[i];
        bounds_.found(at + r, tile.nearest[i], tile.narrow_second[i]);
      }
      open = keep_open(block, tile);
    }
    if (tile.n_open > 0)
      search_all(open, tile.n_open, tile, {tile.least.data(), tile.second.data(), tile.nearest.data()});
    for (std::size_t i = 0; i < tile.n_open; ++i) {
      const std::size_t r = tile.open[i];
      tile.label[r] = tile.nearest[i];
      tile.distance[r] = tile.least[i];
      bounds_.found(at + r, tile.nearest[i], tile.second[i]);
    }
  }
  if (!bounds_.empty())
    std::copy_n(tile.label.begin(), tile.n_rows, bounds_.labels().begin() + static_cast<std::ptrdiff_t>(at));
}

template <class T>
void HardModel<T>::expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const {
  const std::size_t d = n_features();
  const auto tile = tiles_.borrow([&] { return std::make_unique<Tile>(d); });
  const std::size_t n_moments = sums.sums.size() - 1 - n_clusters();
  tile->moments.assign(sum_copies(n_moments) * n_moments, 0.0);
  BlockTally tally(n_clusters());
  for (tile->first = 0; tile->first < block.n_rows; tile->first += tile->n_rows) {
    tile->n_rows = std::min(tile->capacity, block.n_rows - tile->first);
    search(block, *tile);
    if (distance_ == Distance::euclidean)
      for (std::size_t r = 0; r < tile->n_rows; ++r) tile->distance[r] = std::sqrt(tile->distance[r]);
    const double* weights = block.weights == nullptr ? nullptr : block.weights + tile->first;
    tally.add<T>(std::span(tile->distance).first(tile->n_rows), tile->label.data(), weights);
    if (n_moments > 0)
      add_rows(block.row(tile->first), tile->n_rows, d, origin_.data(), weights, tile->label.data(), n_moments,
               tile->moments.data());
    for (std::size_t r = 0; outputs.log_density != nullptr && r < tile->n_rows; ++r)
      outputs.log_density[tile->first + r] = -static_cast<double>(tile->distance[r]);
    if (outputs.label != nullptr) std::copy_n(tile->label.begin(), tile->n_rows, outputs.label + tile->first);
  }
  tally.add_to(sums);
  double* const moments = sums.sums.data() + 1 + n_clusters();
  for (std::size_t copy = 0; copy < tile->moments.size(); copy += n_moments)
    for (std::size_t i = 0; i < n_moments; ++i) moments[i] += tile->moments[copy + i];
}

template <class T>
bool HardModel<T>::maximise(const Statistics& sums, const RowPass<T>& pass) {
  const std::vector<std::size_t> empty = empty_clusters(counts(sums), 0.0, empty_cluster_);
  Matrix moved = moved_centres(sums, pass);
  if (empty_cluster_ == EmptyCluster::drop) {
    moved = without_rows(moved, empty);
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

std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy) {
  std::vector<std::size_t> empty;
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (weights[k] <= threshold) empty.push_back(k);
  if (!empty.empty() && policy == EmptyCluster::error)
    throw Error(ExitCode::bad_data,
                fmt::format("cluster {} became empty; use fewer clusters (-k), another --seed, or --empty-cluster "
                            "reseed or drop",
                            empty.front()));
  if (policy == EmptyCluster::drop && empty.size() == weights.size())
    throw Error(ExitCode::bad_data, "every cluster became empty; are all row weights zero?");
  return empty;
}

Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped) {
  Matrix kept(matrix.rows - dropped.size(), matrix.columns);
  std::size_t next = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i))
      std::ranges::copy(matrix.row(i), kept.row(next++).begin());
  return kept;
}

template class HardModel<float>;
template class HardModel<double>;

}  // namespace shoal
