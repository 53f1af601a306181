/// Digests (XXH3, 128 bits) by which a model's options name the content of files.
#pragma once

#include <string>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/shard.hpp"

namespace shoal {

/// Of names, shapes and values. Not collective.
std::string digest(const NamedArrays& arrays);

/// Of a file's bytes. Not collective. Throws Error(no_input or io_failure).
std::string file_digest(const std::string& name);

/// Of about a thousand rows spread over all ranks', as held, and their weights, so that it does not depend on ranks.
/// Collective.
template <class Row>
std::string sample_digest(const Communicator& comm, const Shard<Row>& shard);

/// Of the weights of all ranks' rows, block by block, so that it does not depend on ranks. Collective.
template <class Row>
std::string weights_digest(const Communicator& comm, const Shard<Row>& shard);

}  // namespace shoal
