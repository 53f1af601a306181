#include "app/memory_check.hpp"

#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <array>

#include "app/memory_limits.hpp"
#include "app/memory_need.hpp"
#include "app/report.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

/// By which the ranks of a host see that they are under the same limit.
using Key = std::array<std::uint64_t, 3>;

Key key_of(const MemoryLimit& limit) { return {static_cast<std::uint64_t>(limit.of), limit.device, limit.inode}; }

std::string ranks_text(std::ptrdiff_t ranks) {
  return ranks == 1 ? "1 rank needs" : fmt::format("{} ranks need", ranks);
}

std::string shortage(const MemoryLimit& limit, std::ptrdiff_t ranks, double need, const std::string& remedy) {
  const std::string needed = human_bytes(need), most = human_bytes(static_cast<double>(limit.limit)),
                    left = human_bytes(static_cast<double>(limit.available));
  switch (limit.of) {
    case MemoryLimit::Of::cgroup:
      return fmt::format(
          "not enough memory: {} {}, the control group {} has {} left of its limit of {}; ask for more memory "
          "(srun --mem, docker --memory), use {}",
          ranks_text(ranks), needed, printable(limit.name), left, most, remedy);
    case MemoryLimit::Of::address_space:
    case MemoryLimit::Of::data:
      return fmt::format("not enough memory: a rank needs {}, ulimit -{} leaves it {} of {}; raise that limit, use {}",
                         needed, limit.of == MemoryLimit::Of::data ? 'd' : 'v', left, most, remedy);
    case MemoryLimit::Of::host:
      break;
  }
  return fmt::format("not enough memory: {} {} on a host, {} of its {} are available; use {}", ranks_text(ranks),
                     needed, left, most, remedy);
}

std::string remedy_for(const FitPlan& plan, const MemoryLimit& limit) {
  std::string remedy = limit.shared() ? "more hosts" : "more ranks";
  if (!plan.family().rows.coded() && !plan.float32()) remedy += ", or --precision float32";
  return remedy;
}

}  // namespace

void check_memory(const Communicator& comm, const FitPlan& plan) {
#ifdef __GLIBC__
  malloc_trim(0);  // what was freed can be had again, but would look taken
#endif
  const double need = memory_need(plan, comm.size()).to_come();
  std::vector<MemoryLimit> limits;
  std::vector<Key> mine, here;
  agree(comm, [&] {
    limits = memory_limits();
    for (const MemoryLimit& limit : limits) mine.push_back(key_of(limit));
  });
  here = gather_values(comm.on_this_host(), mine);  // all have looked before any takes more
  agree(comm, [&] {
    for (const MemoryLimit& limit : limits) {
      const std::ptrdiff_t ranks = limit.shared() ? std::ranges::count(here, key_of(limit)) : 1;
      const double needed = need * static_cast<double>(ranks);
      if (needed > static_cast<double>(limit.available))
        throw Error(ExitCode::no_memory, shortage(limit, ranks, needed, remedy_for(plan, limit)));
    }
  });
}

}  // namespace shoal::app
