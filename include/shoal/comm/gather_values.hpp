/// Gathering plain values of all ranks.
#pragma once

#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "shoal/comm/communicator.hpp"

namespace shoal {

/// Every rank's values, concatenated in rank order, on every rank. Collective.
template <class T>
std::vector<T> gather_values(const Communicator& comm, const std::vector<T>& mine) {
  static_assert(std::is_trivially_copyable_v<T>);
  const std::vector<std::byte> bytes = comm.gather(std::as_bytes(std::span(mine)));
  std::vector<T> all(bytes.size() / sizeof(T));
  if (!all.empty()) std::memcpy(all.data(), bytes.data(), bytes.size());  // both are null where there is nothing
  return all;
}

}  // namespace shoal
