#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "app/checkpointing.hpp"
#include "app/commands.hpp"
#include "app/short_memory.hpp"
#include "app/stop_signals.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/data_lists.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/reader_process.hpp"

namespace {

using namespace shoal;

/// Whether this may turn out to be a fit that keeps a checkpoint, which is known for sure when MPI has started.
bool may_keep_a_checkpoint(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + std::max(1, argc));
  const auto begins = [&](std::string_view option) {
    return std::ranges::any_of(words, [&](std::string_view word) { return word.starts_with(option); });
  };
  const auto has = [&](std::string_view command) { return std::ranges::find(words, command) != words.end(); };
  return (has("fit") || has("select")) && (begins("--checkpoint") || begins("--config"));
}

/// Ranks that were told different things would wait for each other for ever.
void require_same_commands(const Communicator& comm, int argc, char** argv, const std::string& config) {
  std::string text;
  for (int i = 1; i < argc; ++i) text += std::string(argv[i]) + '\0';
  agree(comm, [&] {
    if (!config.empty()) text += read_bytes(config);
  });
  const std::vector<std::uint64_t> all =
      gather_values(comm, std::vector{std::uint64_t{std::hash<std::string>()(text)}});
  if (std::ranges::count(all, all.front()) != static_cast<std::ptrdiff_t>(all.size()))
    throw Error(ExitCode::usage, "the ranks were given different arguments, or different files as --config");
}

/// Each would do the whole work, and write the same files.
void require_joined_processes(const Communicator& comm) {
  const int processes = processes_to_join();
  if (comm.size() == 1 && processes > 1)
    throw Error(
        ExitCode::usage,
        fmt::format("{} processes were started, but not as ranks of one run: start them by the mpirun of {}, or by "
                    "srun --mpi=pmix",
                    processes, mpi_library_version()));
}

int run(int argc, char** argv, const Communicator& comm) {
  require_joined_processes(comm);
  std::optional<app::Arguments> arguments;  // the config file may be missing on one host alone
  require_same_commands(comm, argc, argv, "");
  agree(comm, [&] { arguments = app::parse_arguments(argc, argv, comm.is_root()); });
  if (arguments && !arguments->config.empty()) require_same_commands(comm, argc, argv, arguments->config);
  if (!arguments || arguments->checkpoint.empty() || arguments->dry_run) app::forget_stop_signals();
  if (!arguments) return 0;
  const std::map<std::string, void (*)(const Communicator&, const app::Arguments&)> commands = {
      {"fit", app::run_fit},     {"select", app::run_fit},     {"predict", app::run_predict},
      {"score", app::run_score}, {"sample", app::run_sample},  {"compare", app::run_compare},
      {"info", app::run_info},   {"convert", app::run_convert}};
  if (arguments->run || arguments->command == "predict" || arguments->command == "score")
    arguments->data = expand_lists(comm, arguments->data);
  commands.at(arguments->command)(comm, *arguments);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = serve_as_reader(argc, argv)) return *code;
  app::program_start();
  app::begin_under_memory_limits();
  std::optional<app::BlockedStopSignals> blocked;
  if (may_keep_a_checkpoint(argc, argv)) {  // signals count from the first moment on
    blocked.emplace();
    app::note_stop_signals();
  }
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // NOLINT: file systems without locks (NFS, Lustre) would refuse to open
  const Environment environment = Environment::where_launched(argc, argv);
  blocked.reset();
  std::signal(SIGPIPE, SIG_IGN);  // nobody reads what is told: no reason to end a fit
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a write that fails, with a message, not a death
  const Communicator comm = Communicator::world();
  app::watch_for_lost_memory(comm.rank());
  try {
    return run(argc, argv, comm);
  } catch (const Error& error) {  // all ranks are here, with the same error
    const char* const what = error.code() == ExitCode::stopped ? "" : "shoal: error: ";
    if (comm.is_root()) app::tell(fmt::format("{}{}\n", what, app::one_message(error.what())));
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {  // this rank alone
    app::leave_without_memory(comm.rank());
  } catch (const std::exception& error) {
    app::tell(
        fmt::format("shoal: error: {} (rank {}); please report this as a bug of shoal\n", error.what(), comm.rank()));
    abort_job(static_cast<int>(ExitCode::internal));
  }
}
