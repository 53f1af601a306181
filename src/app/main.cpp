#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>

#include "app/checkpointing.hpp"
#include "app/commands.hpp"
#include "app/report.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/reader_process.hpp"

namespace {

using namespace shoal;

/// Names of files may hold anything, yet a message is one line.
std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    line += code < 0x20 || code == 0x7F ? fmt::format("\\x{:02x}", code) : std::string(1, c);
  }
  return line;
}

int run(int argc, char** argv, const Communicator& comm) {
  std::optional<app::Arguments> arguments;  // the config file may be missing on one host alone
  agree(comm, [&] { arguments = app::parse_arguments(argc, argv, comm.is_root()); });
  if (!arguments) return 0;
  const std::map<std::string, void (*)(const Communicator&, const app::Arguments&)> commands = {
      {"fit", app::run_fit},        {"predict", app::run_predict}, {"score", app::run_score},
      {"sample", app::run_sample},  {"compare", app::run_compare}, {"info", app::run_info},
      {"convert", app::run_convert}};
  commands.at(arguments->command)(comm, *arguments);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = serve_as_reader(argc, argv)) return *code;
  app::program_start();
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // NOLINT: file systems without locks (NFS, Lustre) would refuse to open
  const Environment environment(argc, argv);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a write that fails, with a message, not a death
  silence_hdf5();
  const Communicator comm = Communicator::world();
  try {
    return run(argc, argv, comm);
  } catch (const app::Stopped& stopped) {  // all ranks alike, too
    if (comm.is_root()) app::tell(stopped.message + "\n");
    return static_cast<int>(ExitCode::stopped);
  } catch (const Error& error) {  // all ranks are here, with the same error
    if (comm.is_root()) app::tell(fmt::format("shoal: error: {}\n", on_one_line(error.what())));
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {  // this rank alone
    app::tell(
        fmt::format("shoal: error: rank {} ran out of memory; use more nodes or fewer ranks a node\n", comm.rank()));
    abort_job(static_cast<int>(ExitCode::no_memory));
  } catch (const std::exception& error) {
    app::tell(
        fmt::format("shoal: error: {} (rank {}); please report this as a bug of shoal\n", error.what(), comm.rank()));
    abort_job(static_cast<int>(ExitCode::internal));
  }
}
