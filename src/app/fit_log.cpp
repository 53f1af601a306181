#include "app/fit_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/output_path.hpp"

namespace shoal::app {
namespace {

/// Of a log's lines; a line is far shorter.
constexpr std::size_t longest_line = 65536;

/// Whether a file that is there is the log of this fit: its first line says so, or it has none yet.
bool is_log_of(const std::string& name, const std::string& fit) {
  const std::string head = read_bytes(name, longest_line);
  if (head.empty()) return true;
  const auto json = nlohmann::json::parse(head.substr(0, head.find('\n')), nullptr, false);
  return json.is_object() && json.contains("event") && json.value("fit", nlohmann::json()) == fit;
}

/// What a crash left of a last line goes.
void drop_broken_line(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0 || status.st_size == 0) return;
  std::string tail(std::min<std::size_t>(longest_line, static_cast<std::size_t>(status.st_size)), '\0');
  const std::uint64_t first = static_cast<std::uint64_t>(status.st_size) - tail.size();
  if (read_fully(file, std::as_writable_bytes(std::span(tail)), first) != tail.size() || tail.back() == '\n') return;
  const std::size_t whole = tail.rfind('\n') + 1;  // 0 where there is none
  static_cast<void>(ftruncate(file, static_cast<off_t>(first + whole)) == 0);
}

}  // namespace

FitLog::FitLog(const Arguments& arguments, std::string fit) : fit_(std::move(fit)) {
  if (arguments.log.empty()) return;
  const bool goes_on =
      !arguments.checkpoint.empty() && existing_file(arguments.log) && is_log_of(follow_links(arguments.log), fit_);
  require_free(arguments.log, arguments.overwrite || goes_on);
  name_ = follow_links(arguments.log);
  created_ = !existing_file(name_);
  const int fresh = goes_on ? 0 : O_TRUNC;
  file_ = Descriptor(open(name_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | fresh,
                          0666));  // NOLINT: POSIX
  if (file_.get() < 0)
    throw Error(ExitCode::cannot_create,
                fmt::format("{}: cannot be created ({}); check that the folder exists and can be written to",
                            arguments.log, std::strerror(errno)));
  if (goes_on) drop_broken_line(file_.get());
}

FitLog::~FitLog() {
  struct stat status {};
  if (file_.get() >= 0 && created_ && fstat(file_.get(), &status) == 0 && status.st_size == 0) remove_leftover(name_);
}

void FitLog::line(nlohmann::ordered_json object) {
  if (file_.get() < 0) return;
  object["fit"] = fit_;
  struct stat status {};
  if (fstat(file_.get(), &status) == 0 && write_all(file_.get(), one_line(object) + "\n")) return;
  const int reason = errno;
  const bool whole = ftruncate(file_.get(), status.st_size) == 0;
  if (!std::exchange(warned_, true))
    tell(one_message(fmt::format("shoal: warning: {}: a line could not be written ({}); the fit goes on{}", name_,
                                 std::strerror(reason), whole ? "" : ", a broken line stays")) +
         "\n");
}

}  // namespace shoal::app
