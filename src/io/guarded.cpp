#include "io/guarded.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <new>

#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"

namespace shoal {
namespace {

std::uint64_t size_of_file(const std::string& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

/// Bytes of address space in use.
[[maybe_unused]] std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void limit_child(std::uint64_t file_bytes, std::uint64_t expanded_bytes) {
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT, SIGUSR1})
    std::signal(number, SIG_DFL);  // MPI's handlers would print stacks
  const auto set = [](auto resource, std::uint64_t value) {
    const rlimit limit = {value, value};
    setrlimit(resource, &limit);
  };
  set(RLIMIT_CORE, 0);
  set(RLIMIT_CPU,
      5 + std::max(file_bytes, expanded_bytes) / (std::uint64_t{10} << 20U));  // some damaged files are read for ever
#ifndef __SANITIZE_ADDRESS__                                                   // which reserves terabytes
  set(RLIMIT_AS, address_space() + 8 * file_bytes + 6 * expanded_bytes + (std::uint64_t{1} << 30U));
#endif
}

/// A code, then a result (code 0) or a message.
[[noreturn]] void run_child(int out, const std::string& file, const std::function<std::string()>& read) {
  std::string answer(1, '\0');
  try {
    answer += read();
  } catch (const Error& error) {
    answer = static_cast<char>(error.code()) + std::string(error.what());
  } catch (const std::bad_alloc&) {
    answer =
        static_cast<char>(ExitCode::bad_data) + file + ": asks for more memory than its size warrants; is it damaged?";
  } catch (const std::exception& error) {
    answer = static_cast<char>(ExitCode::bad_data) + file + ": " + error.what();
  }
  _exit(write_all(out, answer) ? 0 : 1);
}

std::string read_to_end(int descriptor) {
  std::string all;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::read(descriptor, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string read_guarded(const std::string& file, const std::function<std::string()>& read,
                         std::uint64_t expanded_bytes) {
  if (!guard_foreign_files) return read();
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw Error(ExitCode::no_memory, file + ": no pipe could be made to read it");
  const std::uint64_t bytes = size_of_file(file);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    limit_child(bytes, expanded_bytes);
    run_child(ends[1], file, read);
  }
  close(ends[1]);
  const std::string answer = child < 0 ? "" : read_to_end(ends[0]);
  close(ends[0]);
  if (child < 0) throw Error(ExitCode::no_memory, file + ": no process could be started to read it");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || answer.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: is damaged: the HDF5 library cannot get through it", file));
  const auto code = static_cast<ExitCode>(answer.front());
  if (code != ExitCode::success) throw Error(code, answer.substr(1));
  return answer.substr(1);
}

}  // namespace shoal
