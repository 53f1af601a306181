/// Least and greatest value of every column.
#pragma once

#include <vector>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Over rows of positive weight and values that are not missing; least > greatest where there is none.
struct ColumnExtents {
  std::vector<double> least;
  std::vector<double> greatest;
};

/// One pass. Collective.
template <class T>
ColumnExtents column_extents(const RowPass<T>& pass);

}  // namespace shoal
