// libFuzzer on what a checkpoint file may hold: as it is, and with a checksum that is right.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shoal/core/error.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/envelope.hpp"

namespace {

void read(std::string_view bytes) {
  try {
    const shoal::Checkpoint checkpoint = shoal::checkpoint_from(bytes, "fuzzed");
    if (shoal::checkpoint_from(shoal::to_bytes(checkpoint), "again").state.history.size() !=
        checkpoint.state.history.size())
      __builtin_trap();
  } catch (const shoal::Error& error) {
    if (error.code() != shoal::ExitCode::bad_data) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  read(shoal::seal(bytes));
  return 0;
}
