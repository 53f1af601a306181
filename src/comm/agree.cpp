#include "shoal/comm/agree.hpp"

#include <array>
#include <limits>
#include <new>
#include <optional>

namespace shoal {
namespace {

std::optional<Error> failure_of(const std::function<void()>& local) {
  try {
    local();
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ExitCode::no_memory, "not enough memory; use more nodes, fewer ranks per node or --precision float32");
  } catch (const std::exception& error) {
    return Error(ExitCode::internal, std::string(error.what()) + "; please report this as a bug of shoal");
  }
  return std::nullopt;
}

}  // namespace

void agree(const Communicator& comm, const std::function<void()>& local) {
  const std::optional<Error> mine = failure_of(local);
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::array<std::int64_t, 1> failed = {mine ? std::int64_t{1} : std::int64_t{0}};
  comm.maximum(failed);
  if (failed[0] == 0) return;

  std::array<std::int64_t, 1> position = {mine ? mine->position() : none};
  comm.minimum(position);
  std::array<std::int64_t, 1> speaker = {mine && mine->position() == position[0] ? comm.rank() : none};
  comm.minimum(speaker);
  const bool speaking = comm.rank() == speaker[0];
  std::array<std::int64_t, 1> code = {speaking ? static_cast<std::int64_t>(mine->code()) : 0};
  comm.maximum(code);
  const std::string text = speaking ? mine->what() : "";
  const std::vector<std::byte> bytes = comm.gather(std::as_bytes(std::span(text.data(), text.size())));
  throw Error(static_cast<ExitCode>(code[0]), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
              position[0]);
}

void on_root(const Communicator& comm, const std::function<void()>& work) {
  agree(comm, [&] {
    if (comm.is_root()) work();
  });
}

}  // namespace shoal
