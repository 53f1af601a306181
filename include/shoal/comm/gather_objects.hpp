/// Gathering objects of all ranks.
#pragma once

#include <boost/serialization/utility.hpp>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"

namespace shoal {

/// Every rank's object, in rank order, on every rank. Collective.
template <class T>
std::vector<T> gather_objects(const Communicator& comm, const T& mine) {
  std::ostringstream written(std::ios::binary);
  boost::archive::binary_oarchive(written) << mine;
  const std::string bytes = written.str();
  const auto lengths = gather_values(comm, std::vector{std::uint64_t{bytes.size()}});
  const std::vector<std::byte> all = comm.gather(std::as_bytes(std::span(bytes.data(), bytes.size())));
  std::vector<T> objects(lengths.size());
  std::size_t first = 0;
  for (std::size_t rank = 0; rank < lengths.size(); first += lengths[rank++]) {
    std::istringstream read(std::string(reinterpret_cast<const char*>(all.data()) + first, lengths[rank]),
                            std::ios::binary);
    boost::archive::binary_iarchive(read) >> objects[rank];
  }
  return objects;
}

}  // namespace shoal
