#include "io/filters.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <libdeflate.h>
#include <lzf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "io/packed_bits.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

constexpr int lzf_filter = 32000;

using Bytes = std::vector<std::byte>;

[[noreturn]] void damaged(const std::string& why) { throw Error(ExitCode::bad_data, why); }

/// RFC 1950; its Adler checksum is compared.
void undo_deflate(const Bytes& in, Bytes& out, std::size_t chunk_bytes) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  out.resize(most_filtered_bytes(chunk_bytes));
  std::size_t used = 0;
  std::size_t made = 0;
  const libdeflate_result result =
      libdeflate_zlib_decompress_ex(decompressor.get(), in.data(), in.size(), out.data(), out.size(), &used, &made);
  if (result != LIBDEFLATE_SUCCESS) damaged("its deflated bytes are damaged");
  out.resize(made);
}

template <std::size_t size>
void interleave(const std::byte* in, std::size_t n, std::byte* out) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t b = 0; b < size; ++b) out[i * size + b] = in[b * n + i];
}

/// First bytes of all elements, then second bytes, ...; what is left over stands behind as it is.
void undo_shuffle(const Bytes& in, Bytes& out, std::size_t size) {
  out.resize(in.size());
  const std::size_t n = size == 0 ? 0 : in.size() / size;
  switch (size) {
    case 2:
      interleave<2>(in.data(), n, out.data());
      break;
    case 4:
      interleave<4>(in.data(), n, out.data());
      break;
    case 8:
      interleave<8>(in.data(), n, out.data());
      break;
    default:
      for (std::size_t b = 0; n > 0 && b < size; ++b)  // a damaged size may be any number
        for (std::size_t i = 0; i < n; ++i) out[i * size + b] = in[b * n + i];
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(n * size), in.end(),
            out.begin() + static_cast<std::ptrdiff_t>(n * size));
}

/// Fletcher's checksum of 16-bit words, highest byte first (J. G. Fletcher, IEEE Trans. Commun. 30, 1982), reduced as
/// HDF5 does: sums stay in their ones' complement form.
std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  const auto reduce = [](std::uint32_t sum) { return (sum & 0xFFFFU) + (sum >> 16U); };
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::size_t words = bytes.size() / 2;
  const std::byte* next = bytes.data();
  while (words > 0) {
    std::size_t n = std::min<std::size_t>(words, 360);  // as many as 32 bits hold
    words -= n;
    for (; n > 0; --n, next += 2) {
      a += std::to_integer<std::uint32_t>(next[0]) << 8U | std::to_integer<std::uint32_t>(next[1]);
      b += a;
    }
    a = reduce(a);
    b = reduce(b);
  }
  if (bytes.size() % 2 != 0) {
    a = reduce(a + (std::to_integer<std::uint32_t>(*next) << 8U));
    b = reduce(b + a);
  }
  return reduce(b) << 16U | reduce(a);
}

/// HDF5 before 1.6.3 stored the bytes of each half the other way round; both are right.
void undo_fletcher32(const Bytes& in, Bytes& out) {
  if (in.size() < 4) damaged("it is shorter than its checksum");
  const std::span<const std::byte> body(in.data(), in.size() - 4);
  std::uint32_t stored = 0;
  std::memcpy(&stored, in.data() + body.size(), 4);
  const std::uint32_t sum = fletcher32(body);
  const std::uint32_t old = (sum & 0x00FF00FFU) << 8U | (sum >> 8U & 0x00FF00FFU);
  if (stored != sum && stored != old) damaged("its checksum (fletcher32) does not agree");
  out.assign(body.begin(), body.end());
}

void undo_lzf(const Bytes& in, Bytes& out, std::size_t chunk_bytes) {
  out.resize(most_filtered_bytes(chunk_bytes));
  if (in.empty()) damaged("it is empty before the filter lzf");  // which would read a first byte
  if (in.size() > 0xFFFFFFFFU || out.size() > 0xFFFFFFFFU) damaged("it is too large for the filter lzf");
  const unsigned made =
      lzf_decompress(in.data(), static_cast<unsigned>(in.size()), out.data(), static_cast<unsigned>(out.size()));
  if (made == 0) damaged("its bytes (lzf) are damaged");
  out.resize(made);
}

void undo(const Filter& filter, const StoredNumber& number, std::size_t chunk_bytes, const Bytes& in, Bytes& out) {
  switch (filter.id) {
    case H5Z_FILTER_DEFLATE:
      return undo_deflate(in, out, chunk_bytes);
    case H5Z_FILTER_SHUFFLE:
      return undo_shuffle(in, out, filter.values.empty() ? number.size : filter.values[0]);
    case H5Z_FILTER_FLETCHER32:
      return undo_fletcher32(in, out);
    case H5Z_FILTER_NBIT:
      return undo_nbit(filter.values, number.size, chunk_bytes, in, out);
    case H5Z_FILTER_SCALEOFFSET:
      return undo_scale_offset(filter.values, number, chunk_bytes, in, out);
    case lzf_filter:
      return undo_lzf(in, out, chunk_bytes);
    default:
      damaged(describe_filter(filter.id, filter.name) + " cannot be undone here");
  }
}

}  // namespace

bool can_undo(const Filter& filter, const StoredNumber& number) {
  switch (filter.id) {
    case H5Z_FILTER_DEFLATE:
    case H5Z_FILTER_SHUFFLE:
    case H5Z_FILTER_FLETCHER32:
    case lzf_filter:
      return true;
    case H5Z_FILTER_NBIT:
      return is_simple_nbit(filter.values, number.size);
    case H5Z_FILTER_SCALEOFFSET:
      return is_simple_scale_offset(filter.values, number);
    default:
      return false;
  }
}

std::string describe_filter(int id, const std::string& stored_name) {
  static const std::map<int, std::string> names = {{H5Z_FILTER_DEFLATE, "deflate"},
                                                   {H5Z_FILTER_SHUFFLE, "shuffle"},
                                                   {H5Z_FILTER_FLETCHER32, "fletcher32"},
                                                   {H5Z_FILTER_SZIP, "szip"},
                                                   {H5Z_FILTER_NBIT, "nbit"},
                                                   {H5Z_FILTER_SCALEOFFSET, "scaleoffset"},
                                                   {lzf_filter, "lzf"},
                                                   {32001, "blosc"},
                                                   {32004, "lz4"},
                                                   {32008, "bitshuffle"},
                                                   {32013, "zfp"},
                                                   {32015, "zstd"},
                                                   {32017, "sz"},
                                                   {32026, "blosc2"}};
  const auto known = names.find(id);
  if (known != names.end() && id < 256) return known->second;
  const std::string name = known != names.end() ? known->second : stored_name;
  return name.empty() ? fmt::format("filter {}", id) : fmt::format("filter {} ({})", id, name);
}

std::size_t most_filtered_bytes(std::size_t chunk_bytes) { return chunk_bytes + chunk_bytes / 8 + 4096; }

std::span<const std::byte> undo_filters(const std::vector<Filter>& filters, std::uint32_t mask,
                                        const StoredNumber& number, std::size_t chunk_bytes, FilterBuffers& buffers) {
  for (std::size_t f = filters.size(); f-- > 0;) {
    if (f < 32 && (mask >> f & 1U) != 0) continue;
    undo(filters[f], number, chunk_bytes, buffers.from, buffers.to);
    std::swap(buffers.from, buffers.to);
  }
  if (buffers.from.size() != chunk_bytes)
    damaged(fmt::format("it has {} bytes, not the {} of a chunk", buffers.from.size(), chunk_bytes));
  return {buffers.from.data(), chunk_bytes};
}

void register_filters() {
  const auto undo = [](unsigned flags, std::size_t n_values, const unsigned* values, std::size_t n_bytes,
                       std::size_t* size, void** buffer) -> std::size_t {
    constexpr std::size_t place_of_size = 2;  // of the values that h5py writes: the chunk's bytes
    if ((flags & H5Z_FLAG_REVERSE) == 0 || n_values <= place_of_size || n_bytes == 0) return 0;
    const unsigned most = values[place_of_size] + 64;  // a checksum may be in it
    void* const out = H5allocate_memory(most, false);
    if (out == nullptr) return 0;
    const unsigned made = lzf_decompress(*buffer, static_cast<unsigned>(n_bytes), out, most);
    if (made == 0) {
      H5free_memory(out);
      return 0;
    }
    H5free_memory(*buffer);
    *buffer = out;
    *size = most;
    return made;
  };
  static const H5Z_class2_t lzf = {H5Z_CLASS_T_VERS, lzf_filter, 0, 1, "lzf", nullptr, nullptr, undo};
  H5Zregister(&lzf);
}

}  // namespace shoal
