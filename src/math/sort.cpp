#include "shoal/math/sort.hpp"

#include <hwy/contrib/sort/vqsort.h>

namespace shoal {

void sort_values(std::span<float> values) {
  const hwy::Sorter sorter;
  sorter(values.data(), values.size(), hwy::SortAscending());
}

void sort_values(std::span<double> values) {
  const hwy::Sorter sorter;
  sorter(values.data(), values.size(), hwy::SortAscending());
}

}  // namespace shoal
