#include "shoal/io/reader_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string_view>
#include <vector>

#include "io/reader.hpp"
#include "io/socket_passing.hpp"
#include "shoal/io/hdf5_handle.hpp"

namespace shoal {
namespace {

constexpr const char* reader_argument = "--read-for-another-shoal";

/// What goes before the bytes of an answer; code 0: a result, else a message.
struct AnswerHead {
  std::uint64_t code;
  std::uint64_t bytes;
};

/// The environment for a process that has nothing to do with MPI; Open MPI puts the whole command line into it, which
/// may be longer than the system lets a variable be.
std::vector<char*> variables_but_of_mpi() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with("OMPI_") && !text.starts_with("PMIX_")) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

/// This program started once more, for all questions of a run: it forks for each, so that none suffers from what
/// another did to HDF5. (A rank of MPI could not fork for itself.) Silent: HDF5 and libc print when they fall.
class ReaderProgram {
 public:
  ReaderProgram() = default;
  ReaderProgram(const ReaderProgram&) = delete;
  ReaderProgram& operator=(const ReaderProgram&) = delete;
  ~ReaderProgram() { end(); }

  /// A socket to a process that waits for a question.
  Descriptor ask(std::uint64_t memory) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw Error(ExitCode::no_memory, "no socket could be made to a process that reads files");
    Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    if (process_ > 0 && send_socket(control_.get(), theirs.get(), memory)) return ours;
    end();
    start();
    if (!send_socket(control_.get(), theirs.get(), memory))
      throw Error(ExitCode::no_memory, "no process could be started to read files");
    return ours;
  }

  /// With all that it forked.
  void end() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    control_ = Descriptor();
  }

 private:
  void start() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    control_ = Descriptor(ends[0]);
    const Descriptor theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::string parent = std::to_string(getpid());
    std::array<char*, 4> arguments = {const_cast<char*>("shoal"), const_cast<char*>(reader_argument), parent.data(),
                                      nullptr};
    // A signal to the whole group of processes (from a terminal or a scheduler) is for the ranks, which may go on a
    // while.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP}) sigaddset(&blocked, number);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> variables = variables_but_of_mpi();
    if (posix_spawn(&process_, "/proc/self/exe", &actions, &attributes, arguments.data(), variables.data()) != 0)
      process_ = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }

  pid_t process_ = -1;
  Descriptor control_;
};

ReaderProgram& reader_program() {
  static ReaderProgram program;
  return program;
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

std::string read_request(int socket) {
  std::string all;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::read(socket, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void limit_memory(std::uint64_t memory) {
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

/// One question, in a process of its own; the code to exit with.
int answer_question(int socket, std::uint64_t memory) {
  limit_memory(memory);
  const std::string request = read_request(socket);
  if (request.empty()) return 1;
  bool heard = true;
  const auto send = [&](ExitCode code, const std::string& bytes) {
    const AnswerHead head = {static_cast<std::uint64_t>(code), bytes.size()};
    heard = heard && send_all(socket, {reinterpret_cast<const char*>(&head), sizeof head}) && send_all(socket, bytes);
    if (!heard) _exit(1);  // nobody is interested any more
  };
  answer_with(
      [&] {
        serve(static_cast<Question>(request.front()), request.substr(1),
              [&](const std::string& bytes) { send(ExitCode::success, bytes); });
      },
      send);
  return 0;
}

}  // namespace

std::optional<int> serve_as_reader(int argc, char** argv) {
  read_elsewhere = true;
  if (argc != 3 || std::strcmp(argv[1], reader_argument) != 0) return std::nullopt;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (std::to_string(getppid()) != argv[2]) return 1;  // it ended before it could be heard of
  close_range(3, ~0U, 0);                              // what the parent's libraries left open
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(number, SIG_DFL);
  std::signal(SIGCHLD, SIG_IGN);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // NOLINT: as in the program
  silence_hdf5();                               // which starts the library, once for all
  const pid_t self = getpid();
  std::uint64_t memory = 0;
  for (int socket = receive_socket(0, memory); socket >= 0; socket = receive_socket(0, memory)) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(0);
      _exit(getppid() == self ? answer_question(socket, memory) : 1);
    }
    close(socket);  // without a child, too: the one who asked sees the end
  }
  return 0;
}

std::string hdf5_library_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

Reader::Reader(Question question, const std::string& arguments, std::uint64_t memory) {
  if (!read_elsewhere) {
    serve(question, arguments, [&](const std::string& bytes) { answered_.push_back(bytes); });
    return;
  }
  socket_ = reader_program().ask(memory);
  send_all(socket_.get(), std::string(1, static_cast<char>(question)) + arguments);  // a dead reader gives no answer
  shutdown(socket_.get(), SHUT_WR);
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
  if (socket_.get() < 0) {
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
  if (!silent_) throw Error(ExitCode::bad_data, file + ": is damaged: the HDF5 library cannot get through it");
  reader_program().end();
  throw Error(ExitCode::bad_data,
              fmt::format("{}: the HDF5 library did not get through it within {} s: it is damaged, or its file system "
                          "does not answer",
                          file, reader_patience));
}

std::string ask(Question question, const std::string& arguments, const std::string& file) {
  return Reader(question, arguments, memory_for_headers).next(file);
}

}  // namespace shoal
