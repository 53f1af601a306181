#include "app/fit_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/output_path.hpp"

namespace shoal::app {
namespace {

/// Of a log's lines; a line is far shorter.
constexpr std::size_t longest_line = 65536;

/// The fit that the first line of a log names; nothing where the file is no log, empty where it has no line yet.
std::optional<std::string> fit_of_log(const std::string& name) {
  try {
    const std::string head = read_bytes(name, longest_line);
    if (head.empty()) return "";
    const auto json = nlohmann::json::parse(head.substr(0, head.find('\n')), nullptr, false);
    if (json.is_object() && json.contains("event") && json.contains("fit") && json["fit"].is_string())
      return json["fit"].get<std::string>();
  } catch (const Error&) {  // it may not be read
  }
  return std::nullopt;
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
  bool goes_on = false;
  if (!arguments.checkpoint.empty() && arguments.restart != Restart::never && existing_file(arguments.log)) {
    const std::optional<std::string> found = fit_of_log(follow_links(arguments.log));
    goes_on = found && (found->empty() || found->starts_with(fit_ + " "));
    if (goes_on) found_ = *found;
  }
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

void FitLog::set_data(const std::string& digest) {
  if (file_.get() < 0) return;
  const std::string whole = fit_.substr(0, fit_.find(' ')) + " " + digest;
  if (!found_.empty() && found_ != whole)
    throw Error(
        ExitCode::cannot_create,
        fmt::format("{}: exists already, and is the log of a fit of other data; give --log another name", name_));
  fit_ = whole;
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
