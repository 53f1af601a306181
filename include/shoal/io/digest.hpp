/// Digests by which a model's options name the content of files.
#pragma once

#include <string>
#include <string_view>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/shard.hpp"

namespace shoal {

/// Of names, shapes and values. Not collective.
std::string digest(const NamedArrays& arrays);

std::string digest(std::string_view text);

/// Of a file's bytes. Not collective. Throws Error(no_input or io_failure).
std::string file_digest(const std::string& name);

/// Of the rows of all ranks, of which each rank has its own digest: it does not depend on ranks. Collective.
std::string rows_digest(const Communicator& comm, const PlacedDigest& mine);

/// Of the weights of all ranks' rows, block by block, so that it does not depend on ranks. Collective.
template <class Row>
std::string weights_digest(const Communicator& comm, const Shard<Row>& shard);

/// Of which of all ranks' rows are used. Collective.
template <class Row>
std::string mask_digest(const Communicator& comm, const Shard<Row>& shard);

}  // namespace shoal
