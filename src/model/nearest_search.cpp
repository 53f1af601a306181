#include "shoal/model/nearest_search.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "shoal/data/origin.hpp"

namespace shoal {
namespace {

/// Rows of a tile: what fits a first-level cache twice, and makes the search of a part of them worth while.
std::size_t tile_rows(std::size_t row_bytes) {
  std::size_t rows = 1024;
  while (rows > 128 && rows * row_bytes > std::size_t{256} << 10U) rows /= 2;
  return rows;
}

/// Up to so many numbers a row are compared at once, which a look at the bounds does not beat.
constexpr std::size_t cheap_search = 64;

/// Bytes of rows that are compared at once.
constexpr std::size_t rows_at_once = std::size_t{2} << 10U;

/// Bytes of a row, of which the processor has too many at once in work to read ahead far enough.
constexpr std::size_t short_row = 128;

/// Says that so many bytes will be read soon, some bytes from here; they need not exist.
void prefetch(const void* here, std::size_t from, std::size_t bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(here) + from;
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(reinterpret_cast<const void*>(address + i), 0, 2);
}

}  // namespace

template <class T>
NearestSearch<T>::Tile::Tile(std::size_t n_features)
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

template <class T>
void NearestSearch<T>::begin(std::size_t n_rows, std::size_t n_centres, std::size_t n_features) {
  bounds_.begin(n_rows, n_centres > 1 && n_centres * n_features > cheap_search);
}

template <class T>
void NearestSearch<T>::set_centres(const Matrix& before, const Matrix& after, const std::vector<T>& origin) {
  const std::vector<T> less_origin = shifted<T>(after, origin);
  origin_.assign(origin.begin(), origin.end());
  centres_.assign(less_origin.begin(), less_origin.end());
  narrow_centres_.clear();
  if (worth_a_guess()) narrow_centres_.assign(less_origin.begin(), less_origin.end());
  if (!std::ranges::all_of(narrow_centres_, [](float x) { return std::isfinite(x); })) narrow_centres_.clear();
  bounds_.move(metric_, before, after, centres_);
}

/// Compares n rows with every centre, some at a time, so that the processor reads rows while it compares others.
template <class T>
void NearestSearch<T>::search_all(const T* rows, std::size_t n, Tile& tile, const Nearest<T>& found) const {
  const std::size_t d = n_features(), at_once = n_groups<T>(rows_at_once / (d * sizeof(T)) + 1) * group_rows<T>;
  for (std::size_t first = 0; first < n; first += at_once) {
    const std::size_t here = std::min(at_once, n - first);
    if (d * sizeof(T) <= short_row && !bounds_.bounded())
      prefetch(rows + first * d, n * d * sizeof(T), here * d * sizeof(T));
    load_groups(rows + first * d, here, d, origin_.data(), tile.groups.data());
    nearest(metric_, tile.groups.data(), here, centres_.data(), n_centres(), d,
            {found.distance + first, found.second == nullptr ? nullptr : found.second + first, found.label + first});
  }
}

/// The same in float, which is no more than a guess.
template <class T>
void NearestSearch<T>::search_narrow(const T* rows, std::size_t n, Tile& tile) const {
  const std::size_t d = n_features();
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t j = 0; j < d; ++j) tile.narrow_rows[r * d + j] = static_cast<float>(rows[r * d + j] - origin_[j]);
  const std::vector<float> zero(d, 0.0F);
  load_groups(tile.narrow_rows.data(), n, d, zero.data(), tile.narrow_groups.data());
  nearest(metric_, tile.narrow_groups.data(), n, narrow_centres_.data(), n_centres(), d,
          {tile.narrow_least.data(), tile.narrow_second.data(), tile.nearest.data()});
}

/// Keeps of the tile's open rows those whose label is not proved, and returns them in a row.
template <class T>
const T* NearestSearch<T>::keep_open(const RowBlock<T>& block, Tile& tile) const {
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

/// Finds the rows of a tile whose labels of the pass before, or those of a search in float, are not proved to be right,
/// and compares these with every centre.
template <class T>
void NearestSearch<T>::search_open(const RowBlock<T>& block, Tile& tile) const {
  const std::size_t at = block.first_local + tile.first;
  const auto measure = [&](const T* rows, std::size_t n, const std::int32_t* label, T* distance) {
    distance_to_own(metric_, rows, n, n_features(), origin_.data(), centres_.data(), label, distance);
  };
  const auto keep = [&](const auto& second) {
    for (std::size_t i = 0; i < tile.n_open; ++i) {
      const std::size_t r = tile.open[i];
      tile.label[r] = tile.nearest[i];
      tile.distance[r] = tile.least[i];
      bounds_.found(at + r, tile.nearest[i], second[i]);
    }
  };
  const T* open = block.row(tile.first);
  tile.n_open = tile.n_rows;
  for (std::size_t r = 0; r < tile.n_rows; ++r) tile.open[r] = static_cast<std::uint32_t>(r);
  std::copy_n(labels().begin() + static_cast<std::ptrdiff_t>(at), tile.n_rows, tile.label.begin());
  if (tile.label[0] >= 0) {
    measure(open, tile.n_rows, tile.label.data(), tile.distance.data());
    open = keep_open(block, tile);
  }
  if (guesses() && tile.n_open > 0) {
    search_narrow(open, tile.n_open, tile);
    measure(open, tile.n_open, tile.nearest.data(), tile.least.data());
    keep(tile.narrow_second);
    open = keep_open(block, tile);
  }
  if (tile.n_open == 0) return;
  search_all(open, tile.n_open, tile, {tile.least.data(), tile.second.data(), tile.nearest.data()});
  keep(tile.second);
}

/// Label and distance of each row of a tile.
template <class T>
void NearestSearch<T>::search(const RowBlock<T>& block, Tile& tile) const {
  tile.moves.clear();
  if (bounds_.bounded())
    search_open(block, tile);
  else
    search_all(block.row(tile.first), tile.n_rows, tile, {tile.distance.data(), nullptr, tile.label.data()});
  if (!bounds_.empty()) remember(block.first_local + tile.first, tile);
}

/// Keeps the labels of a tile for the next pass, and notes which are new.
template <class T>
void NearestSearch<T>::remember(std::size_t first_local, Tile& tile) const {
  constexpr std::size_t at_once = 64;
  std::int32_t* const old = bounds_.labels().data() + first_local;
  if (std::equal(old, old + tile.n_rows, tile.label.data())) return;
  for (std::size_t first = 0; first < tile.n_rows; first += at_once) {
    const std::size_t end = std::min(first + at_once, tile.n_rows);
    if (std::equal(old + first, old + end, tile.label.data() + first)) continue;
    for (std::size_t r = first; r < end; ++r) {
      if (old[r] != tile.label[r]) tile.moves.push_back({static_cast<std::uint32_t>(r), old[r], tile.label[r]});
      old[r] = tile.label[r];
    }
  }
}

template <class T>
void NearestSearch<T>::for_each_tile(const RowBlock<T>& block, const std::function<void(Tile&)>& visit) const {
  const auto tile = tiles_.borrow([&] { return std::make_unique<Tile>(n_features()); });
  for (tile->first = 0; tile->first < block.n_rows; tile->first += tile->n_rows) {
    tile->n_rows = std::min(tile->capacity, block.n_rows - tile->first);
    search(block, *tile);
    visit(*tile);
  }
}

template class NearestSearch<float>;
template class NearestSearch<double>;

}  // namespace shoal
