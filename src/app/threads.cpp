// How many threads a rank has, and whether they can be had.
#include "app/threads.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"
#include "shoal/pass/threads.hpp"

namespace shoal::app {
namespace {

/// The number at the front of a variable: of "4,2", threads within threads, the first counts. Nothing where it is not
/// set.
std::optional<int> from_environment(const char* name) {
  const char* text = std::getenv(name);  // NOLINT: read once, before any thread
  if (text == nullptr || *text == '\0') return std::nullopt;
  const char* const given = text;
  while (*text == ' ') ++text;
  int threads = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), threads);
  if (error == std::errc() && (*end == '\0' || *end == ',' || *end == ' ') && threads >= 1 && threads <= most_threads)
    return threads;
  throw Error(ExitCode::usage, fmt::format("{}={}: must be a whole number from 1 to {}; change it, or give --threads",
                                           name, printable(given, 60), most_threads));
}

/// Bytes of a thread's stack as OpenMP will ask for them: "512k", "1 G"; kilobytes without a unit. 0: as by default.
std::size_t stack_size() {
  for (const char* name : {"OMP_STACKSIZE", "GOMP_STACKSIZE"}) {
    const char* text = std::getenv(name);  // NOLINT: nobody changes it
    if (text == nullptr) continue;
    char* unit = nullptr;
    const unsigned long long number = std::strtoull(text, &unit, 10);
    while (*unit == ' ') ++unit;
    const std::string_view units = "bkmg";
    const std::size_t step = *unit == '\0' ? 1 : units.find(static_cast<char>(std::tolower(*unit)));
    if (step == std::string_view::npos || number > (~std::size_t{0} >> (10 * step))) return 0;
    return static_cast<std::size_t>(number) << (10 * step);
  }
  return 0;
}

/// Starts as many threads as a pass will, all at once: OpenMP itself would end the program where it cannot.
void require_threads(int n) {
  std::vector<pthread_t> threads(static_cast<std::size_t>(n - 1));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (const std::size_t bytes = stack_size(); bytes > 0) pthread_attr_setstacksize(&attributes, bytes);
  std::mutex mutex;
  std::unique_lock hold(mutex);  // a thread ends when it has had this
  const auto wait = [](void* lock) -> void* {
    const std::lock_guard until(*static_cast<std::mutex*>(lock));
    return nullptr;
  };
  std::size_t started = 0;
  while (started < threads.size() && pthread_create(&threads[started], &attributes, wait, &mutex) == 0) ++started;
  hold.unlock();
  for (std::size_t i = 0; i < started; ++i) pthread_join(threads[i], nullptr);
  pthread_attr_destroy(&attributes);
  if (started < threads.size())
    throw Error(ExitCode::no_memory,
                fmt::format("{} threads per rank cannot be started, only {}: use fewer (--threads), or raise the "
                            "limits (ulimit -u, ulimit -v, OMP_STACKSIZE)",
                            n, started + 1));
}

int thread_count(const Arguments& arguments) {
  if (arguments.threads > 0) return arguments.threads;
  if (const auto threads = from_environment("OMP_NUM_THREADS")) return *threads;
  return from_environment("SLURM_CPUS_PER_TASK").value_or(1);
}

}  // namespace

int settle_threads(const Communicator& comm, const Arguments& arguments) {
  int threads = 1;
  agree(comm, [&] {
    threads = thread_count(arguments);
    require_threads(threads);
    start_threads(threads);
  });
  return threads;
}

void warn_of_crowded_cores(const Communicator& comm, const Arguments& arguments, int threads) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const bool known = sched_getaffinity(0, sizeof mine, &mine) == 0;  // not on hosts of more than 1,024 cores
  cpu_set_t cores = mine;                                            // on which any rank of this host may run
  const Communicator host = comm.on_this_host();
  for (const cpu_set_t& other : gather_values(host, std::vector{mine})) CPU_OR(&cores, &cores, &other);
  // The worst of all hosts speaks: threads beyond the cores there, or of one rank beyond its own.
  std::array<std::int64_t, 2> beyond = {host.size() * threads - CPU_COUNT(&cores), threads - CPU_COUNT(&mine)};
  if (!known) beyond = {0, 0};
  comm.maximum(beyond);
  if (beyond[0] > 0)
    warn(comm, arguments,
         fmt::format("more threads than cores on a host, by {} ({} x {} here): they wait for each other; start fewer",
                     beyond[0], host.size() == 1 ? "1 rank" : fmt::format("{} ranks", host.size()), threads));
  else if (beyond[1] > 0)
    warn(comm, arguments,
         fmt::format("a rank has {} threads but may run on {} of the cores: give it more cores (srun --cpus-per-task, "
                     "mpirun --bind-to none) or fewer threads",
                     threads, threads - beyond[1]));
}

}  // namespace shoal::app
