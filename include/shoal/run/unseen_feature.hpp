/// Features of which the rows tell nothing.
#pragma once

#include <string>
#include <vector>

#include "shoal/model/options.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Throws Error(bad_data) where missing entries are integrated out and a feature of numbers is missing in every row
/// that counts; of codes, levels that do not occur are warned of. names: D, or empty. One pass there, else none.
/// Collective.
template <class Row>
void require_seen(const RowPass<Row>& pass, const ModelOptions& model, const std::vector<std::string>& names);

}  // namespace shoal
