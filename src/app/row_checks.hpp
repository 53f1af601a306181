/// What must hold of the rows before a fit begins.
#pragma once

#include "app/fit_plan.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal::app {

/// Whether T holds the squares and distances of these rows. float32 that was not asked for may give way to float64;
/// else throws Error(bad_data). What lies far apart in float64 may still be near its cluster, if a file says where that
/// is.
/// Collective.
template <class Row>
bool holds_distances(const FitPlan& plan, const RowPass<Row>& pass, bool seeding);

}  // namespace shoal::app
