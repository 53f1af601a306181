/// Which starts of a fit have been tried, and what is kept of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "shoal/model/fit_state.hpp"

namespace shoal {

/// A search on a sample, or a fit on all rows, that came to its end.
struct StartRecord {
  bool on_sample = false;
  double objective = 0;
  double total_weight = 0;        ///< of the rows that it saw
  double passes = 0;              ///< over these
  std::int64_t n_degenerate = 0;  ///< components; 0: it is sound
  double least_weight = 0;        ///< of a component
  double least_spread = 0;        ///< infinite: no component can be flat

  /// A search that found nothing has no objective.
  [[nodiscard]] bool exists() const { return !std::isnan(objective); }
  [[nodiscard]] bool sound() const { return exists() && n_degenerate == 0; }
};

/// With the fit that is under way, all that a restart needs.
struct StartProgress {
  std::vector<StartRecord> records;  ///< in the order in which they ended
  std::vector<NamedArrays> found;    ///< by each search
  std::int64_t current = -1;         ///< the record that the fit on all rows under way will be; -1: there is none

  // The best fit on all rows that has ended.
  std::int64_t kept = -1;  ///< its number among the records; -1: none
  NamedArrays parameters;
  FitState state;

  [[nodiscard]] std::size_t n_fits() const { return records.size() - found.size(); }
};

}  // namespace shoal
