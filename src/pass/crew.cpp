#include "shoal/pass/crew.hpp"

#include <cstdint>

#include "shoal/core/lowest_error.hpp"

namespace shoal {

void Crew::run(std::size_t n, const std::function<void(std::size_t)>& work) const {
  LowestError error;
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads_)
  for (std::size_t i = 0; i < n; ++i) error.run(static_cast<std::int64_t>(i), [&] { work(i); });
  error.rethrow();
}

}  // namespace shoal
