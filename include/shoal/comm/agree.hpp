/// Collective agreement on errors: a rank that fails alone must not leave the others waiting.
#pragma once

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <functional>
#include <sstream>
#include <string>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/error.hpp"

namespace shoal {

/// Runs `local` on every rank; if it threw anywhere, every rank throws the same Error: the one of lowest position, then
/// of lowest rank. `local` must not communicate after its first failure. std::bad_alloc becomes no_memory.
void agree(const Communicator& comm, const std::function<void()>& local);

/// Runs `work` on rank 0 only; its failure is every rank's.
void on_root(const Communicator& comm, const std::function<void()>& work);

/// Gives every rank the value of rank 0.
template <class T>
void broadcast_object(const Communicator& comm, T& value) {
  std::string bytes;
  if (comm.is_root()) {
    std::ostringstream stream(std::ios::binary);
    boost::archive::binary_oarchive(stream) << value;
    bytes = stream.str();
  }
  comm.broadcast(bytes);
  if (comm.is_root()) return;
  std::istringstream stream(bytes, std::ios::binary);
  boost::archive::binary_iarchive(stream) >> value;
}

}  // namespace shoal
