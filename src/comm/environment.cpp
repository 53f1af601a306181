#include "shoal/comm/environment.hpp"

#include <mpi.h>

#include <array>
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdexcept>
#include <utility>

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

}  // namespace

Environment::Environment(int& argc, char**& argv) {
  if (getenv("PMIX_RANK") == nullptr && getenv("OMPI_COMM_WORLD_RANK") == nullptr) stay_alone();  // NOLINT
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    throw std::runtime_error("MPI did not start");
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);  // every call's code is checked
#ifdef __GLIBC__
  // A pass frees what the next one allocates again: kept, it need not be touched first anew.
  if (mallopt(M_MMAP_THRESHOLD, 256 << 20) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);  // older ones take no more
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

Environment::~Environment() { MPI_Finalize(); }

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data());
  return version.substr(0, version.find_first_of(",\n"));
}

void abort_job(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

}  // namespace shoal
