#include "shoal/io/digest.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shoal {
namespace {

std::string text_of(XXH128_hash_t hash) { return fmt::format("xxh3:{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

std::string digest(const NamedArrays& arrays) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (const NamedArray& array : arrays) {
    XXH3_128bits_update(&state, array.name.data(), array.name.size());
    XXH3_128bits_update(&state, array.shape.data(), array.shape.size() * sizeof(std::size_t));
    XXH3_128bits_update(&state, array.values.data(), array.values.size() * sizeof(double));
  }
  return text_of(XXH3_128bits_digest(&state));
}

template <class Row>
std::string weights_digest(const Communicator& comm, const Shard<Row>& shard) {
  std::vector<std::uint64_t> blocks;
  for (std::int64_t b = shard.blocks.first; b < shard.blocks.last; ++b) {
    const RowBlock<Row> block = shard.block(b);
    blocks.push_back(XXH3_64bits(block.weights, block.n_rows * sizeof(double)));
  }
  const std::vector<std::byte> all = comm.gather(std::as_bytes(std::span(blocks)));
  return text_of(XXH3_128bits(all.data(), all.size()));
}

template std::string weights_digest<float>(const Communicator&, const Shard<float>&);
template std::string weights_digest<double>(const Communicator&, const Shard<double>&);
template std::string weights_digest<PackedByte>(const Communicator&, const Shard<PackedByte>&);

}  // namespace shoal
