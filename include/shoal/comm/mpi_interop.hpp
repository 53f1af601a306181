/// From and to a caller's own MPI communicator. The only public header that includes <mpi.h>.
#pragma once

#include <mpi.h>

#include "shoal/comm/communicator.hpp"

namespace shoal {

struct Communicator::Handle {
  MPI_Comm comm;
};

/// shoal on `comm`, which stays the caller's and must outlive the result.
inline Communicator communicator_from(MPI_Comm comm) {
  return Communicator(std::make_shared<const Communicator::Handle>(Communicator::Handle{comm}));
}

}  // namespace shoal
