#include "shoal/io/data_lists.hpp"

#include <fmt/format.h>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <sstream>
#include <string_view>

#include "io/cell.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"

namespace shoal {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20U;  // a list is no data set

std::vector<std::string> lines_of(const std::string& list) {
  std::string text = read_bytes(list, most_bytes);
  if (text.find('\0') != std::string::npos || text.size() == most_bytes)
    throw Error(
        ExitCode::bad_data,
        fmt::format("@{}: is not a list (a text with one data set per line); give data themselves without the @",
                    list));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte order mark
  std::vector<std::string> names;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string_view name = trimmed(line);
    if (name.empty() || name.front() == '#') continue;
    if (name.front() == '@')
      throw Error(ExitCode::bad_data, fmt::format("@{}: line {} names another list, {}; give both on the command line",
                                                  list, number, name));
    names.emplace_back(name);
  }
  if (names.empty()) throw Error(ExitCode::bad_data, fmt::format("@{}: names no data; write one file per line", list));
  return names;
}

}  // namespace

std::vector<std::string> expand_lists(const Communicator& comm, const std::vector<std::string>& names) {
  std::vector<std::string> expanded;
  on_root(comm, [&] {
    for (const std::string& name : names) {
      const std::vector<std::string> data = name.starts_with('@') ? lines_of(name.substr(1)) : std::vector{name};
      expanded.insert(expanded.end(), data.begin(), data.end());
    }
  });
  broadcast_object(comm, expanded);
  return expanded;
}

}  // namespace shoal
