/// The nearest of K centres of each row, by as few comparisons as a proof allows.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "shoal/core/large_vector.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/core/pool.hpp"
#include "shoal/data/shard.hpp"
#include "shoal/math/fixed_point.hpp"
#include "shoal/model/nearest_bounds.hpp"

namespace shoal {

/// Ties go to the lowest centre. Within a fit labels, and bounds where they pay, are remembered from pass to pass,
/// which changes no bit of what is found.
template <class T>
class NearestSearch {
 public:
  struct Tile;

  explicit NearestSearch(Metric metric) : metric_(metric) {}

  /// A fit of this number of rows of this rank begins, or ends.
  void begin(std::size_t n_rows, std::size_t n_centres, std::size_t n_features);
  void end() { bounds_.end(); }

  /// The centres are other ones than before: no label is known.
  void forget() { bounds_.forget(); }

  /// Centres (K x D) that were `before` are `after` now. Rows and centres are measured from `origin` (D), in T.
  void set_centres(const Matrix& before, const Matrix& after, const std::vector<T>& origin);

  /// Calls `visit` with the tiles of a block, in order, each but the last a multiple of 8 rows. Several threads may.
  void for_each_tile(const RowBlock<T>& block, const std::function<void(Tile&)>& visit) const;

  /// Of this rank's rows in the last pass of a fit; empty outside.
  [[nodiscard]] std::span<const std::int32_t> labels() const { return std::as_const(bounds_).labels(); }
  [[nodiscard]] std::span<const T> origin() const { return origin_; }

 private:
  [[nodiscard]] std::size_t n_features() const { return origin_.size(); }
  [[nodiscard]] std::size_t n_centres() const { return centres_.size() / n_features(); }
  /// Whether a search in float pays: it takes half the time, and a proof.
  [[nodiscard]] bool worth_a_guess() const { return sizeof(T) == sizeof(double) && n_centres() >= 32; }
  [[nodiscard]] bool guesses() const { return !narrow_centres_.empty(); }
  void search(const RowBlock<T>& block, Tile& tile) const;
  void search_open(const RowBlock<T>& block, Tile& tile) const;
  void search_all(const T* rows, std::size_t n, Tile& tile, const Nearest<T>& found) const;
  void search_narrow(const T* rows, std::size_t n, Tile& tile) const;
  void remember(std::size_t first_local, Tile& tile) const;
  const T* keep_open(const RowBlock<T>& block, Tile& tile) const;

  Metric metric_;
  LargeVector<T> origin_;              ///< D
  LargeVector<T> centres_;             ///< K x D, less the origin; like the origin they begin a cache line
  LargeVector<float> narrow_centres_;  ///< empty: there is no search in float, as some centre is beyond floats
  mutable NearestBounds<T> bounds_;    ///< written by passes, each block its own rows
  mutable Pool<Tile> tiles_;
};

/// A tile of a block's rows, and what the search finds for each of them.
template <class T>
struct NearestSearch<T>::Tile {
  explicit Tile(std::size_t n_features);
  std::size_t capacity;
  std::size_t first = 0, n_rows = 0;
  LargeVector<T> groups, gathered;  // which begin a cache line
  std::vector<T> distance;          ///< as the metric measures it
  std::vector<std::int32_t> label;
  std::vector<RowMove> moves;       ///< rows whose label was another one in the last pass; where labels are remembered
  std::vector<std::uint32_t> open;  ///< n_open rows whose label is not proved
  std::size_t n_open = 0;
  std::vector<T> least, second;  ///< of the rows that were searched
  std::vector<std::int32_t> nearest;
  LargeVector<float> narrow_rows, narrow_groups, narrow_least, narrow_second;
};

}  // namespace shoal
