#include "shoal/io/checkpoint_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/envelope.hpp"

namespace shoal {
namespace {

bool exists(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(name, ignored);
}

void rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(ExitCode::io_failure, fmt::format("{}: could not be renamed ({})", from, error.message()));
}

/// Unlike that of any other run: two may begin in the same second with the same process number, on two hosts.
std::string new_mark() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}-{}", device(), device(), getpid());
}

}  // namespace

CheckpointStore::CheckpointStore(const Communicator& comm, std::string name) : comm_(comm), name_(std::move(name)) {}

CheckpointStore::Found CheckpointStore::read() {
  Found found;
  std::string bytes, from;
  on_root(comm_, [&] {
    for (const std::string& name : {name_, previous()}) {
      if (!exists(name)) continue;
      found.any = true;
      const std::string candidate = read_bytes(name);
      if (name == name_ && !candidate.empty() && !looks_sealed(candidate) && !exists(previous()))
        throw Error(ExitCode::cannot_create,
                    fmt::format("{}: exists and is no checkpoint of shoal; give --checkpoint another name", name));
      try {
        checkpoint_from(candidate, name);
      } catch (const Error& error) {
        found.complaints.emplace_back(error.what());
        continue;
      }
      bytes = candidate, from = name;
      break;
    }
    newest_is_good_ = from == name_;
  });
  std::string flag = found.any ? "y" : "n";
  comm_.broadcast(flag);
  found.any = flag == "y";
  comm_.broadcast(bytes);
  if (!bytes.empty()) agree(comm_, [&] { found.checkpoint = checkpoint_from(bytes, name_); });
  return found;
}

/// Whether a file that the last lease names can be what its run left half written: named as this run's are, but for the
/// end. (A lease that someone made up must not remove other files.)
bool CheckpointStore::is_leftover(const std::string& file, const std::vector<std::string>& temporaries) const {
  if (file.starts_with(name_ + ".") && file != previous() && file != lease()) return true;
  return std::ranges::any_of(temporaries, [&](const std::string& mine) {
    return file.starts_with(mine.substr(0, mine.rfind('.') + 1)) &&
           file.find('/', mine.rfind('/') + 1) == std::string::npos;
  });
}

void CheckpointStore::take_lease(const std::vector<std::string>& temporaries) {
  on_root(comm_, [&] {
    std::error_code ignored;
    if (exists(lease())) {
      std::istringstream lines(read_bytes(lease()));
      std::string line;
      std::getline(lines, line);  // the mark
      while (std::getline(lines, line))
        if (is_leftover(line, temporaries)) std::filesystem::remove(line, ignored);
    }
    mark_ = new_mark();
    std::string text = mark_ + "\n" + name_ + "." + mark_ + "\n";
    for (const std::string& temporary : temporaries) text += temporary + "\n";
    try {
      write_durably(lease() + "." + mark_, text);
      rename_file(lease() + "." + mark_, lease());
    } catch (const Error& error) {
      throw Error(ExitCode::cannot_create,
                  fmt::format("{}; --checkpoint needs a folder that can be written to", error.what()));
    }
  });
}

bool CheckpointStore::holds_lease() const {
  try {
    return read_bytes(lease()).starts_with(mark_ + "\n");
  } catch (const Error&) {
    return false;
  }
}

void CheckpointStore::write(const Checkpoint& checkpoint) {
  const std::string temporary = name_ + "." + mark_;
  write_durably(temporary, to_bytes(checkpoint));
  const Error succeeded(ExitCode::io_failure, fmt::format("{}: another run has taken over", name_));
  if (!holds_lease()) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw succeeded;
  }
  if (newest_is_good_) rename_file(name_, previous());  // a damaged one must not push a good one out
  newest_is_good_ = false;
  rename_file(temporary, name_);
  newest_is_good_ = true;
  sync_to_disk(folder_of(name_));
  if (!holds_lease()) throw succeeded;  // meanwhile: who took over may not have seen this
}

void CheckpointStore::release_lease() {
  std::error_code ignored;
  if (holds_lease()) std::filesystem::remove(lease(), ignored);
}

}  // namespace shoal
