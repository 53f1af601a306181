/// Where the values of rows lie against brackets of their clusters' medians.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace shoal {

/// K x D brackets low <= pivot <= high; low > high holds nothing.
template <class T>
struct Brackets {
  std::size_t n_clusters;
  const T* low;
  const T* high;
  const T* pivot;
};

/// Counters as wide as the values, K x D each: values below the bracket, and equal to its pivot.
template <class T>
using CounterOf = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
template <class T>
struct BracketCounts {
  CounterOf<T>* below;
  CounterOf<T>* equal;
};

/// The place of a value in its rows: row * D + feature. As wide as the value.
template <class T>
using PlaceOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

/// Counts the values of n rows (row-major, n x D, cluster labels[r] >= 0; a negative label passes a row over) and lists
/// the places of those within their bracket except the pivot, in order. Stops before a row that might not fit: at most
/// `capacity` places, capacity >= D. Returns how many rows were done. n x D < 2^32, and at most
/// 2^31 - 1 rows between two clearings of the counts.
template <class T>
std::size_t count_in_brackets(const T* rows, std::size_t n, std::size_t n_features, const std::int32_t* labels,
                              const Brackets<T>& brackets, const BracketCounts<T>& counts, PlaceOf<T>* inside,
                              std::size_t capacity, std::size_t* n_inside);

/// least[k D + d] becomes the least of itself and all values above bound[k D + d] in feature d of rows of cluster k.
template <class T>
void least_above(const T* rows, std::size_t n, std::size_t n_features, const std::int32_t* labels, const T* bound,
                 T* least);

}  // namespace shoal
