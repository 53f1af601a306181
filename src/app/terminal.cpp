#include "app/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "shoal/comm/agree.hpp"
#include "shoal/core/utf8.hpp"

namespace shoal::app {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: nobody changes it
  return value == nullptr ? "" : value;
}

/// Control characters, line and paragraph ends, marks of direction, and others that show as nothing.
bool misleads(char32_t code) {
  const auto within = [&](char32_t first, char32_t last) { return code >= first && code <= last; };
  return code < 0x20 || within(0x7F, 0x9F) || code == 0xAD || code == 0x61C || within(0x200B, 0x200F) ||
         within(0x2028, 0x202E) || within(0x2060, 0x206F) || code == 0xFEFF || within(0xFFF9, 0xFFFB) ||
         within(0xE0000, 0xE007F);
}

/// The text's characters one by one, each as it is shown.
std::vector<std::string> characters(std::string_view text) {
  static const bool utf8 = shows_utf8();
  std::vector<std::string> shown;
  while (!text.empty()) {
    char32_t code = 0;
    const std::size_t length = std::max<std::size_t>(1, decode_utf8(text, code));
    const bool good = decode_utf8(text, code) > 0 && !misleads(code) && (code < 0x80 || utf8);
    std::string escaped;
    for (std::size_t i = 0; i < length && !good; ++i)
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    shown.push_back(good ? std::string(text.substr(0, length)) : escaped);
    text.remove_prefix(length);
  }
  return shown;
}

/// Keeps the beginning and the end, which tell most.
std::string cut(const std::vector<std::string>& shown, std::size_t most) {
  const bool whole = shown.size() <= most;
  const std::size_t head = whole ? shown.size() : most * 2 / 3, tail = whole ? 0 : most / 4;
  std::string text;
  for (std::size_t i = 0; i < head; ++i) text += shown[i];
  if (!whole) text += "[...]";
  for (std::size_t i = shown.size() - tail; i < shown.size(); ++i) text += shown[i];
  return text;
}

}  // namespace

bool shows_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

std::string printable(std::string_view text, std::size_t most) {
  const bool ends = text.size() > 8 * most;  // a character has 4 bytes at most: no need to look at all of them
  const std::string shorter =
      ends ? fmt::format("{}{}", text.substr(0, 4 * most), text.substr(text.size() - 4 * most)) : "";
  return cut(characters(ends ? shorter : text), most);
}

std::string one_message(std::string_view text) {
  constexpr std::size_t most = 1500;
  std::string message;
  for (std::size_t first = 0; first < text.size();) {
    const std::size_t space = std::min(text.find(' ', first), text.size());
    message += printable(text.substr(first, space - first));
    if (space < text.size()) message += ' ';
    first = space + 1;
  }
  if (message.size() <= most) return message;
  std::vector<std::string> whole;  // characters once more: none is cut in two
  for (std::size_t i = 0; i < message.size();) {
    char32_t code = 0;
    const std::size_t length = std::max<std::size_t>(1, decode_utf8(std::string_view(message).substr(i), code));
    whole.push_back(message.substr(i, length));
    i += length;
  }
  return cut(whole, most);
}

bool is_terminal() { return isatty(STDERR_FILENO) != 0; }

std::size_t terminal_width() {
  constexpr std::size_t usual = 80, least = 20;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return std::max<std::size_t>(least, size.ws_col);
}

std::string clear_rest(std::size_t shown) {
  const std::size_t width = terminal_width() - 1;
  if (environment("TERM") != "dumb" && environment("NO_COLOR").empty()) return "\x1b[K";
  return std::string(shown < width ? width - shown : 0, ' ');
}

void tell(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void say(const Communicator& comm, const Arguments& arguments, const std::string& text) {
  if (comm.is_root() && !arguments.quiet) tell(text + "\n");
}

void warn(const Communicator& comm, const Arguments& arguments, const std::string& text) {
  say(comm, arguments, "shoal: warning: " + one_message(text));
}

void print_result(const Communicator& comm, const std::string& text) {
  on_root(comm, [&] {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
      throw Error(ExitCode::io_failure, "the result could not be written to standard output; is the disk full?");
  });
}

std::string one_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace shoal::app
