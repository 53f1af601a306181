/// The memory that a fit needs, as headers and options tell it.
#pragma once

#include "app/fit_plan.hpp"

namespace shoal::app {

/// Bytes of the fullest rank.
struct MemoryNeed {
  // All the time.
  double process = 20 << 20;  ///< the program and HDF5, as measured; MPI, where there are several ranks
  double rows = 0;            ///< as they are held
  double side = 0;            ///< weights
  double kept = 0;            ///< select: the sample, and fits that may be chosen
  // While rows are read.
  double reading = 0;
  // While scales are looked for.
  double scaling = 0;
  // From the start on.
  double parameters = 0;  ///< and what is made of them for passes
  double work = 0;        ///< work space of all threads
  double sums = 0;        ///< of a pass, in all threads, and on their way
  // At the start.
  double seeding = 0;
  // While searches run, on a sample.
  std::int64_t sample_rows = 0;  ///< 0: there is none
  double search = 0;
  // By the model, from the start on, and in the fit.
  double remembered = 0;  ///< of each row: labels and bounds of a search
  double labels = 0;      ///< for the file
  double update = 0;      ///< an M-step

  double statistics = 0;  ///< one set of sums, as a reduction carries it

  [[nodiscard]] double at_start() const;
  [[nodiscard]] double in_search() const;
  [[nodiscard]] double in_fit() const;
  /// The most that is held at any time.
  [[nodiscard]] double total() const;
  /// Less what the process has by now.
  [[nodiscard]] double to_come() const { return total() - process; }
};
MemoryNeed memory_need(const FitPlan& plan, int n_ranks);

/// All rows of all ranks, as they are held.
double bytes_of_rows(const FitPlan& plan);

}  // namespace shoal::app
