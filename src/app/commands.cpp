#include "app/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/output_path.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {

void agree_on_target(const Communicator& comm, const Arguments& arguments) {
  const std::uint64_t everywhere = comm.bitwise_and(supported_targets());
  if (arguments.target.empty()) return use_best_target(everywhere);
  const std::uint64_t target = target_by_name(arguments.target);
  if ((everywhere & target) == 0)
    throw Error(ExitCode::usage, fmt::format("--target {}: not every rank's processor has it; all have {}",
                                             arguments.target, fmt::join(target_names(everywhere), ", ")));
  use_best_target(target);
}

namespace {

/// By device and number where there is one, else by the path that it would have: links and other spellings do not
/// count.
std::string which_file(const std::string& name) {
  struct stat status {};
  if (stat(name.c_str(), &status) == 0) return fmt::format("{} {}", status.st_dev, status.st_ino);
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(name, error).lexically_normal();
  try {
    path = std::filesystem::absolute(follow_links(name), error).lexically_normal();
  } catch (const Error&) {  // a link to itself: told by who opens it
  }
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error || canonical.empty() ? path.string() : canonical.string();
}

}  // namespace

void require_different_files(const Communicator& comm, const std::vector<std::string>& outputs,
                             const std::vector<std::string>& inputs) {
  on_root(comm, [&] {
    std::map<std::string, std::string> taken;
    for (const std::string& name : inputs)
      if (!name.empty()) taken.emplace(which_file(name), name);
    for (const std::string& name : outputs) {
      if (name.empty()) continue;
      const auto [other, fresh] = taken.emplace(which_file(name), name);
      if (fresh) continue;
      const bool read = std::ranges::find(inputs, other->second) != inputs.end();
      throw Error(ExitCode::usage,
                  fmt::format("{}: is to be written, but is the same file as {}, which is {}; choose another name",
                              name, other->second, read ? "read" : "written, too"));
    }
  });
}

namespace {

/// "file.h5:/X and 3 more: ...", for each text once.
std::vector<std::string> told_once(const std::vector<DatasetInfo>& datasets,
                                   std::vector<std::string> DatasetInfo::*texts) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;  // text, data sets
  for (const DatasetInfo& info : datasets)
    for (const std::string& text : info.*texts) {
      auto known = std::ranges::find(all, text, &std::pair<std::string, std::vector<std::string>>::first);
      if (known == all.end()) known = all.insert(all.end(), {text, {}});
      known->second.push_back(info.name());
    }
  std::vector<std::string> lines;
  for (const auto& [text, names] : all)
    lines.push_back(one_message(fmt::format(
        "{}{}: {}", names.front(), names.size() > 1 ? fmt::format(" and {} more", names.size() - 1) : "", text)));
  return lines;
}

}  // namespace

void tell_of(const Communicator& comm, const Arguments& arguments, const std::vector<DatasetInfo>& datasets) {
  for (const std::string& line : told_once(datasets, &DatasetInfo::notes)) say(comm, arguments, "note: " + line);
  for (const std::string& line : told_once(datasets, &DatasetInfo::warnings)) warn(comm, arguments, line);
}

std::vector<std::string> files_of(const std::vector<DatasetInfo>& datasets) {
  std::vector<std::string> files;
  for (const DatasetInfo& info : datasets) {
    files.push_back(info.file);
    for (const DatasetInfo* stored : stored_of(info))
      for (const Extent& extent : stored->storage.extents) files.push_back(extent.file);
    files.insert(files.end(), info.storage.sources.begin(), info.storage.sources.end());
  }
  return files;
}

}  // namespace shoal::app
