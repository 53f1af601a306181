#include "io/reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>

#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/reader_process.hpp"

namespace shoal {
namespace {

constexpr const char* reader_argument = "--read-for-another-shoal";

/// What goes before the bytes of an answer; code 0: a result, else a message.
struct AnswerHead {
  std::uint64_t code;
  std::uint64_t bytes;
};

std::string describe_end(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status)) : fmt::format("code {}", WEXITSTATUS(status));
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// This program again, its standard input the given socket, silent otherwise: HDF5 and libc print when they fall.
int start_reader(int socket, std::uint64_t memory) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::string parent = std::to_string(getpid());
  std::string limit = std::to_string(memory);
  std::array<char*, 5> arguments = {const_cast<char*>("shoal"), const_cast<char*>(reader_argument), parent.data(),
                                    limit.data(), nullptr};
  pid_t process = -1;
  const int failed = posix_spawn(&process, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? process : -1;
}

/// Runs `work`; an Error's message or a result goes to `send`.
void answer_with(const std::function<void()>& work, const std::function<void(ExitCode, const std::string&)>& send) {
  try {
    work();
  } catch (const Error& error) {
    send(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    send(ExitCode::no_memory, "reading a file takes more memory than it may; is the file damaged?");
  } catch (const std::exception& error) {
    send(ExitCode::bad_data, error.what());
  }
}

std::string read_request() {
  std::string all;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::read(0, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void limit_reader(std::uint64_t memory) {
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT, SIGUSR1})
    std::signal(number, SIG_DFL);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + memory);
  setrlimit(RLIMIT_AS, &limit);
#else
  static_cast<void>(memory);
#endif
}

}  // namespace

std::optional<int> serve_as_reader(int argc, char** argv) {
  read_elsewhere = true;
  if (argc != 4 || std::strcmp(argv[1], reader_argument) != 0) return std::nullopt;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pid_t parent = 0;
  std::uint64_t memory = 0;
  std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), parent);
  std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), memory);
  if (getppid() != parent) return 1;            // it ended before it could be heard of
  close_range(3, ~0U, 0);                       // what the parent's libraries left open
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // NOLINT: as in the program
  limit_reader(memory);
  silence_hdf5();
  const std::string request = read_request();
  if (request.empty()) return 1;
  bool heard = true;
  const auto send = [&](ExitCode code, const std::string& bytes) {
    const AnswerHead head = {static_cast<std::uint64_t>(code), bytes.size()};
    heard = heard && send_all(0, {reinterpret_cast<const char*>(&head), sizeof head}) && send_all(0, bytes);
  };
  answer_with(
      [&] {
        serve(static_cast<Question>(request.front()), request.substr(1),
              [&](const std::string& bytes) { send(ExitCode::success, bytes); });
      },
      send);
  return heard ? 0 : 1;
}

Reader::Reader(Question question, const std::string& arguments, std::uint64_t memory) {
  if (!read_elsewhere) {
    serve(question, arguments, [&](const std::string& bytes) { answered_.push_back(bytes); });
    return;
  }
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error(ExitCode::no_memory, "no socket could be made to a process that reads files");
  socket_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  process_ = start_reader(theirs.get(), memory);
  if (process_ < 0) throw Error(ExitCode::no_memory, "no process could be started to read files");
  send_all(socket_.get(), std::string(1, static_cast<char>(question)) + arguments);  // a dead reader gives no answer
  shutdown(socket_.get(), SHUT_WR);
}

Reader::~Reader() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Reader::receive(void* bytes, std::size_t n) {
  auto* next = static_cast<char*>(bytes);
  while (n > 0) {
    pollfd wait = {socket_.get(), POLLIN, 0};
    const int ready = poll(&wait, 1, reader_patience * 1000);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) silent_ = true;
    if (ready <= 0) return false;
    const ssize_t got = ::recv(socket_.get(), next, n, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    n -= static_cast<std::size_t>(got);
  }
  return true;
}

std::string Reader::next(const std::string& file) {
  if (process_ < 0) {
    if (answered_.empty()) throw Error(ExitCode::internal, file + ": no answer is left");
    std::string bytes = std::move(answered_.front());
    answered_.pop_front();
    return bytes;
  }
  AnswerHead head{};
  std::string bytes;
  if (receive(&head, sizeof head)) {
    bytes.resize(head.bytes);
    if (receive(bytes.data(), bytes.size())) {
      if (head.code == 0) return bytes;
      throw Error(static_cast<ExitCode>(head.code), bytes);
    }
  }
  if (silent_)
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: the HDF5 library did not get through it within {} s: it is damaged, or its file system "
                    "does not answer",
                    file, reader_patience));
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: is damaged: the HDF5 library cannot get through it ({})", file, describe_end(status)));
}

std::string ask(Question question, const std::string& arguments, const std::string& file) {
  return Reader(question, arguments, memory_for_headers).next(file);
}

}  // namespace shoal
