#include "io/packed_bits.hpp"

#include <algorithm>
#include <cstring>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

using Bytes = std::vector<std::byte>;

[[noreturn]] void too_short() { throw Error(ExitCode::bad_data, "it ends before all its numbers are there"); }

/// Reads fields of up to 64 bits, the highest bit first.
class BitReader {
 public:
  explicit BitReader(const std::byte* bytes) : next_(bytes) {}
  std::uint64_t read(std::uint32_t bits) {
    std::uint64_t value = 0;
    while (bits > 0) {
      if (left_ == 0) {
        current_ = std::to_integer<std::uint32_t>(*next_++);
        left_ = 8;
      }
      const std::uint32_t take = std::min(bits, left_);
      value = value << take | (current_ >> (left_ - take) & ((1U << take) - 1));
      left_ -= take;
      bits -= take;
    }
    return value;
  }

 private:
  const std::byte* next_;
  std::uint32_t current_ = 0;
  std::uint32_t left_ = 0;
};

void require_bits(const Bytes& in, std::size_t first, std::size_t n, std::uint32_t bits) {
  if (in.size() < first || (in.size() - first) < (n * bits + 7) / 8) too_short();
}

/// The low `size` bytes of a value, in the given order.
void store(std::uint64_t value, std::uint32_t size, bool big_endian, std::byte* out) {
  for (std::uint32_t b = 0; b < size; ++b) out[big_endian ? size - 1 - b : b] = std::byte(value >> (8 * b) & 0xFFU);
}

namespace nbit {
enum Parameter : std::size_t { not_packed = 1, elements, kind, size, order, precision, offset, count };
constexpr std::uint32_t atomic = 1;
}  // namespace nbit

namespace scale_offset {
enum Parameter : std::size_t {
  scale_type,
  scale_factor,
  elements,
  kind,
  size,
  sign,
  order,
  has_fill,
  fill,
  count = 20
};
constexpr std::uint32_t integers = 0;
constexpr std::uint32_t by_bits = 2;
constexpr std::size_t header = 21;
}  // namespace scale_offset

}  // namespace

bool is_simple_nbit(const std::vector<std::uint32_t>& values, std::uint32_t size) {
  if (values.size() > nbit::not_packed && values[nbit::not_packed] != 0) return true;
  if (values.size() != nbit::count || values[nbit::kind] != nbit::atomic || values[nbit::size] != size) return false;
  return size <= 8 && values[nbit::precision] >= 1 && values[nbit::precision] <= 8 * size &&
         values[nbit::offset] <= 8 * size - values[nbit::precision] && values[nbit::order] <= 1;
}

void undo_nbit(const std::vector<std::uint32_t>& values, std::uint32_t size, std::size_t chunk_bytes, const Bytes& in,
               Bytes& out) {
  if (values[nbit::not_packed] != 0) {
    out = in;
    return;
  }
  const std::size_t n = chunk_bytes / size;
  require_bits(in, 0, n, values[nbit::precision]);
  out.resize(chunk_bytes);
  BitReader bits(in.data());
  for (std::size_t i = 0; i < n; ++i)
    store(bits.read(values[nbit::precision]) << values[nbit::offset], size, values[nbit::order] == 1,
          out.data() + i * size);
}

bool is_simple_scale_offset(const std::vector<std::uint32_t>& values, const StoredNumber& number) {
  return values.size() == scale_offset::count && !number.is_float && number.size <= 8 &&
         (number.size & (number.size - 1)) == 0 && values[scale_offset::kind] == scale_offset::integers &&
         values[scale_offset::scale_type] == scale_offset::by_bits && values[scale_offset::size] == number.size &&
         values[scale_offset::scale_factor] <= 8 * number.size && values[scale_offset::order] <= 1;
}

void undo_scale_offset(const std::vector<std::uint32_t>& values, const StoredNumber& number, std::size_t chunk_bytes,
                       const Bytes& in, Bytes& out) {
  const std::uint32_t size = number.size;
  if (values[scale_offset::scale_factor] == 8 * size) {
    out = in;
    return;
  }
  if (in.size() < scale_offset::header) too_short();
  std::uint32_t n_bits = 0;
  std::uint64_t least = 0;
  std::memcpy(&n_bits, in.data(), 4);
  std::memcpy(&least, in.data() + 5, std::min<std::size_t>(8, std::to_integer<std::size_t>(in[4])));
  if (n_bits > 8 * size) throw Error(ExitCode::bad_data, "it claims more bits than its numbers have");
  const std::size_t n = chunk_bytes / size;
  require_bits(in, scale_offset::header, n, n_bits);
  out.resize(chunk_bytes);
  const bool big_endian = values[scale_offset::order] == 1;
  if (n_bits == 8 * size) {  // stored as they are in a little-endian machine's memory
    for (std::size_t i = 0; i < n; ++i) {
      std::uint64_t value = 0;
      std::memcpy(&value, in.data() + scale_offset::header + i * size, size);
      store(value, size, big_endian, out.data() + i * size);
    }
    return;
  }
  std::uint64_t fill = values[scale_offset::fill];
  if (size == 8) fill |= std::uint64_t{values[scale_offset::fill + 1]} << 32U;
  const std::uint64_t marks_fill =
      values[scale_offset::has_fill] == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << n_bits) - 1;
  BitReader bits(in.data() + scale_offset::header);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t value = bits.read(n_bits);
    store(value == marks_fill ? fill : value + least, size, big_endian, out.data() + i * size);
  }
}

}  // namespace shoal
