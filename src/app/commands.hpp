/// One function a command. All are collective.
#pragma once

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/model_file.hpp"

namespace shoal::app {

void run_fit(const Communicator& comm, const Arguments& arguments);
void run_predict(const Communicator& comm, const Arguments& arguments);
void run_score(const Communicator& comm, const Arguments& arguments);
void run_sample(const Communicator& comm, const Arguments& arguments);
void run_compare(const Communicator& comm, const Arguments& arguments);
void run_info(const Communicator& comm, const Arguments& arguments);
void run_convert(const Communicator& comm, const Arguments& arguments);

/// Threads a rank: --threads, else OMP_NUM_THREADS, else 1.
int thread_count(const Arguments& arguments);

/// Brings all ranks to one instruction set. Throws Error(usage) where --target is not on every rank.
void agree_on_target(const Communicator& comm, const Arguments& arguments);

/// Whether rows are held and multiplied as float32: as asked, else where all data sets are. Discrete rows are codes,
/// and their tables are float32 only where that is asked for.
bool use_float32(Precision asked, ModelKind kind, const std::vector<DatasetInfo>& datasets);

/// Throws Error(usage) where the model cannot integrate missing values out.
void check_missing(ModelKind kind, Covariance covariance, Missing missing);

/// Throws Error(usage) on all ranks where two outputs, or an output and an input, are the same file. Empty names and
/// dataset paths behind a file's name do not count. Collective.
void require_different_files(const Communicator& comm, const std::vector<std::string>& outputs,
                             const std::vector<std::string>& inputs);

std::int64_t total_rows(const std::vector<DatasetInfo>& datasets);

}  // namespace shoal::app
