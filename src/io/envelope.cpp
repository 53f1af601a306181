#include "shoal/io/envelope.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "shoal/core/error.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shoal {
namespace {

constexpr std::string_view magic = "SHOALCKP";
constexpr std::uint32_t version = 4;

struct Head {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t length;
  std::uint64_t checksum_low, checksum_high;
};
static_assert(sizeof(Head) == 40);

void set_checksum(Head& head, std::string_view payload) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, &head, offsetof(Head, checksum_low));
  XXH3_128bits_update(&state, payload.data(), payload.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  head.checksum_low = hash.low64;
  head.checksum_high = hash.high64;
}

}  // namespace

std::string seal(std::string_view payload) {
  Head head{};
  std::copy(magic.begin(), magic.end(), head.magic.begin());
  head.version = version;
  head.length = payload.size();
  set_checksum(head, payload);
  std::string bytes(sizeof head, '\0');
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes.append(payload);
}

bool looks_sealed(std::string_view bytes) { return bytes.substr(0, magic.size()) == magic; }

std::string_view unseal(std::string_view bytes, const std::string& name) {
  const auto damaged = [&](const std::string& how) {
    return Error(ExitCode::bad_data, fmt::format("{}: {}", name, how));
  };
  if (!looks_sealed(bytes)) throw damaged("is not a checkpoint of shoal");
  Head head{};
  if (bytes.size() < sizeof head) throw damaged("the checkpoint is damaged: its head is cut off");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.version != version)
    throw damaged(fmt::format("the checkpoint has format version {}, this shoal reads {}", head.version, version));
  const std::string_view payload = bytes.substr(sizeof head);
  if (head.length != payload.size())
    throw damaged(fmt::format("the checkpoint is damaged: {} of {} bytes are there", payload.size(), head.length));
  Head expected = head;
  set_checksum(expected, payload);
  if (expected.checksum_low != head.checksum_low || expected.checksum_high != head.checksum_high)
    throw damaged("the checkpoint is damaged: its checksum is wrong");
  return payload;
}

}  // namespace shoal
