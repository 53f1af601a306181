#include "app/short_memory.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

#include "app/memory_limits.hpp"
#include "app/report.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

/// Address space that HDF5 takes when it starts, and MPI, with a few ranks on the host.
constexpr std::int64_t needed_alone = std::int64_t{16} << 20, needed_with_mpi = std::int64_t{96} << 20;

int watched_rank = 0;

/// MPI takes memory to end a job, and crashes where it gets none.
void* reserve = nullptr;

/// Ranks that are alike run out of memory all at once: the lowest speaks first, and its end is that of the others.
void wait_for_lower_ranks(int rank) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1500) * std::min(rank, 3));
}

/// As mpirun and srun say it before MPI has started; 0 where this process is alone.
int rank_before_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(name)) return std::max(0, std::atoi(rank));  // NOLINT: no thread yet
  return 0;
}

void on_terminate() {
  if (const std::exception_ptr error = std::current_exception()) {
    try {
      std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
      leave_without_memory(watched_rank);
    } catch (...) {  // a failure of ours
    }
  }
  std::abort();
}

}  // namespace

void begin_under_memory_limits() {
#ifdef __GLIBC__
  // A thread's own part of the heap keeps what is given back to it, such as a set of sums, and reserves 64 MiB, which
  // count under ulimit -v, used or not: MPI's threads have some, too.
  mallopt(M_ARENA_MAX, 1);
#endif
  const std::int64_t needed_to_start = launched() ? needed_with_mpi : needed_alone;
  for (const MemoryLimit& limit : memory_limits()) {
    if (limit.of != MemoryLimit::Of::address_space) continue;
    if (limit.available >= needed_to_start) continue;
    wait_for_lower_ranks(rank_before_mpi());
    tell(fmt::format(
        "shoal: error: not enough memory: ulimit -v leaves {} of {}, but {} {} to start; "
        "raise that limit\n",
        human_bytes(static_cast<double>(limit.available)), human_bytes(static_cast<double>(limit.limit)),
        launched() ? "MPI and HDF5 need" : "HDF5 needs", human_bytes(static_cast<double>(needed_to_start))));
    std::_Exit(static_cast<int>(ExitCode::no_memory));
  }
}

void watch_for_lost_memory(int rank) {
  watched_rank = rank;
  reserve = std::malloc(std::size_t{1} << 20U);  // NOLINT: to be given back on no way but one
  std::set_terminate(on_terminate);
}

void leave_without_memory(int rank) {
  std::free(std::exchange(reserve, nullptr));  // NOLINT
  wait_for_lower_ranks(rank);
  std::array<char, 160> text{};
  const auto end = fmt::format_to_n(
      text.data(), text.size(),
      "shoal: error: rank {} ran out of memory; use more hosts or more memory, or fewer ranks per host\n", rank);
  tell(std::string_view(text.data(), end.out));
  abort_job(static_cast<int>(ExitCode::no_memory));
}

}  // namespace shoal::app
