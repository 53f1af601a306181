/// From options and rows to a model that can be fitted.
#pragma once

#include <memory>
#include <string>

#include "shoal/io/checkpoint.hpp"
#include "shoal/model/model.hpp"
#include "shoal/run/options.hpp"

namespace shoal {

/// A model of these options that stands at its start: at seeds, or at the arrays of a file; or, where there is a
/// checkpoint (of the file `source`), where that stands. `scaling`: what was done to the rows' values; a file's arrays
/// are brought to its units. Collective. Throws Error on a start that does not fit the rows.
/// @pre read_named_files has read what options name.
template <class Row>
std::unique_ptr<Model<Row>> start_model(const RunOptions& options, const RowPass<Row>& pass,
                                        const Checkpoint* before = nullptr, const std::string& source = "",
                                        const Scaling& scaling = {});

}  // namespace shoal
