/// One function a command. All are collective.
#pragma once

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/model_file.hpp"

namespace shoal::app {

/// fit, and select, which is one of several.
void run_fit(const Communicator& comm, const Arguments& arguments);
void run_predict(const Communicator& comm, const Arguments& arguments);
void run_score(const Communicator& comm, const Arguments& arguments);
void run_sample(const Communicator& comm, const Arguments& arguments);
void run_compare(const Communicator& comm, const Arguments& arguments);
void run_info(const Communicator& comm, const Arguments& arguments);
void run_convert(const Communicator& comm, const Arguments& arguments);

/// Brings all ranks to one instruction set. Throws Error(usage) where --target is not on every rank.
void agree_on_target(const Communicator& comm, const Arguments& arguments);

/// Throws Error(usage) on all ranks where two outputs, or an output and an input, are the same file, by whatever names
/// or links. Empty names do not count. Collective.
void require_different_files(const Communicator& comm, const std::vector<std::string>& outputs,
                             const std::vector<std::string>& inputs);

/// Tells how the data sets are read, each thing once, with the first data set that it holds for.
void tell_of(const Communicator& comm, const Arguments& arguments, const std::vector<DatasetInfo>& datasets);

/// Every file that holds a part of the data sets, as far as headers tell.
std::vector<std::string> files_of(const std::vector<DatasetInfo>& datasets);

}  // namespace shoal::app
