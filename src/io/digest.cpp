#include "shoal/io/digest.hpp"

#include <fmt/format.h>

#include <fstream>

#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"

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

std::string digest(std::string_view text) { return text_of(XXH3_128bits(text.data(), text.size())); }

std::string file_digest(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw Error(ExitCode::no_input, fmt::format("{}: cannot be opened", name));
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::vector<char> buffer(std::size_t{1} << 20U);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    XXH3_128bits_update(&state, buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) throw Error(ExitCode::io_failure, fmt::format("{}: reading failed", name));
  return text_of(XXH3_128bits_digest(&state));
}

std::string rows_digest(const Communicator& comm, const PlacedDigest& mine) {
  PlacedDigest all;
  for (const PlacedDigest& one : gather_values(comm, std::vector{mine})) all.add(one);
  return fmt::format("sum:{:016x}{:016x}", all.words, all.products);
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

template <class Row>
std::string mask_digest(const Communicator& comm, const Shard<Row>& shard) {
  std::vector<std::uint8_t> used = shard.used;
  used.resize(shard.n_rows(), 1);  // none where all are used
  PlacedDigest mine;
  mine.add(std::as_bytes(std::span(used)), static_cast<std::uint64_t>(shard.rows().first));
  return rows_digest(comm, mine);
}

template std::string mask_digest<float>(const Communicator&, const Shard<float>&);
template std::string mask_digest<double>(const Communicator&, const Shard<double>&);
template std::string mask_digest<PackedByte>(const Communicator&, const Shard<PackedByte>&);
template std::string weights_digest<float>(const Communicator&, const Shard<float>&);
template std::string weights_digest<double>(const Communicator&, const Shard<double>&);
template std::string weights_digest<PackedByte>(const Communicator&, const Shard<PackedByte>&);

}  // namespace shoal
