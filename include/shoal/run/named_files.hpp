/// The files that a fit's options name.
#pragma once

#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/run/options.hpp"

namespace shoal {

/// Reads the weights of --mixing FILE and the arrays of --init FILE, and checks them for D features, as far as this can
/// be done without rows; what options name by content gets its digest. Every file opened is added to `sources`, on rank
/// 0. Collective. Throws Error(no_input or bad_data).
void read_named_files(const Communicator& comm, std::size_t n_features, RunOptions& options,
                      std::vector<std::string>& sources);

}  // namespace shoal
