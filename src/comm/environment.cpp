#include "shoal/comm/environment.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdexcept>
#include <utility>

#include "shoal/comm/mpi_interop.hpp"

namespace shoal {
namespace {

/// Without mpirun or srun Open MPI (4) would start a daemon, which takes a while, dies of a signal to the group, and
/// may outlive this process. Without it processes would share a folder for what they do not need.
void stay_alone() {
  for (const auto& [parameter, value] : {std::pair{"OMPI_MCA_ess_singleton_isolated", "1"},
                                         {"OMPI_MCA_orte_create_session_dirs", "0"},
                                         {"OMPI_MCA_sharedfp", "^sm"}})
    setenv(parameter, value, 0);  // NOLINT: before any thread
}

bool is_set(const char* variable) { return getenv(variable) != nullptr; }  // NOLINT: before any thread

/// By mpirun, srun or another that speaks PMIx: Open MPI joins such ranks, or fails.
bool joined_by_open_mpi() { return is_set("PMIX_RANK") || is_set("OMPI_COMM_WORLD_RANK"); }

void start_mpi(int& argc, char**& argv) {
  if (!joined_by_open_mpi()) stay_alone();
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    throw std::runtime_error("MPI did not start");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);  // every call's code is checked
}

}  // namespace

// SLURM's batch script is no step, and a process alone, whatever the job has asked for. srun without a plugin for MPI
// shows by the size of its step.
bool launched() {
  return joined_by_open_mpi() || is_set("PMI_RANK") || is_set("PALS_RANKID") || processes_to_join() > 1;
}

Environment::Environment(int& argc, char**& argv) : Environment(argc, argv, true) {}
Environment Environment::where_launched(int& argc, char**& argv) { return {argc, argv, launched()}; }

Environment::Environment(int& argc, char**& argv, bool with_mpi) : with_mpi_(with_mpi) {
  if (with_mpi_) start_mpi(argc, argv);
#ifdef __GLIBC__
  // A pass frees what the next one allocates again: kept, it need not be touched first anew.
  if (mallopt(M_MMAP_THRESHOLD, 256 << 20) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);  // older ones take no more
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

Environment::~Environment() {
  if (with_mpi_) MPI_Finalize();
}

int processes_to_join() {
  if (joined_by_open_mpi()) return 1;
  for (const char* variable : {"PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (is_set(variable)) return std::max(1, std::atoi(getenv(variable)));  // NOLINT: as above
  return 1;
}

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data());
  return version.substr(0, version.find_first_of(",\n"));
}

void abort_job(int exit_code) {
  if (mpi_runs()) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace shoal
