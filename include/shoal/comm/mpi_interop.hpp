/// From and to a caller's own MPI communicator. The only public header that includes <mpi.h>.
#pragma once

#include <mpi.h>

#include "shoal/comm/communicator.hpp"

namespace shoal {

struct Communicator::Handle {
  MPI_Comm comm;  ///< MPI_COMM_NULL for a process that runs without MPI
};

/// Between MPI_Init and MPI_Finalize, whoever calls them.
inline bool mpi_runs() {
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  return begun != 0 && ended == 0;
}

/// shoal on `comm`, which stays the caller's and must outlive the result. MPI_COMM_NULL: this process, without MPI.
inline Communicator communicator_from(MPI_Comm comm) {
  return Communicator(std::make_shared<const Communicator::Handle>(Communicator::Handle{comm}));
}

}  // namespace shoal
