#include "shoal/io/checkpoint_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>

#include "io/descriptor.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/envelope.hpp"
#include "shoal/io/output_path.hpp"

namespace shoal {
namespace {

constexpr std::string_view lease_head = "shoal-lease ";

/// What has a name, without following a link. Another run may take it away at any moment, so it is looked at once.
struct FileFound {
  bool there = false;
  bool is_file = false;
  std::string head;  ///< its first bytes
};

FileFound look_at(const std::string& name) {
  const Descriptor file(open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));  // NOLINT: POSIX
  if (file.get() < 0) return {errno != ENOENT, false, ""};
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {true, false, ""};
  std::string head(64, '\0');
  head.resize(read_fully(file.get(), std::as_writable_bytes(std::span(head)), 0));
  return {true, true, head};
}

void rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(ExitCode::io_failure, fmt::format("{}: could not be renamed ({})", from, error.message()));
}

/// The mark in a lease; nothing where it is none that a run of ours wrote.
std::optional<std::string> mark_in(const FileFound& lease) {
  const std::size_t length = lease_head.size() + mark_length + 1;
  if (!lease.is_file || lease.head.size() != length || !lease.head.starts_with(lease_head) || lease.head.back() != '\n')
    return std::nullopt;
  const std::string mark = lease.head.substr(lease_head.size(), mark_length);
  return is_mark(mark) ? std::optional(mark) : std::nullopt;
}

/// Whether a generation is ours, whole or not. An empty file holds nothing that could be lost.
bool is_generation(const FileFound& found) { return found.is_file && (looks_sealed(found.head) || found.head.empty()); }

}  // namespace

CheckpointStore::CheckpointStore(const Communicator& comm, const std::string& name, bool overwrite)
    : comm_(comm), name_(name) {
  on_root(comm, [&] {
    existing_file(name);  // no folder, device, ...
    if (!overwrite) require_target(name);
    file_ = follow_links(name);
    existing_file(previous());  // nor is this name too long
  });
}

CheckpointStore::~CheckpointStore() { release_lease(); }

/// Nothing of somebody else's may be replaced, whatever its name. A damaged newest generation goes on being ours where
/// the one before it still is.
void CheckpointStore::require_own() const {
  const auto foreign = [](const std::string& file, const char* what) {
    throw Error(ExitCode::cannot_create,
                fmt::format("{}: exists and is not a {} of shoal; give --checkpoint another name, or move it away",
                            file, what));
  };
  const FileFound before = look_at(previous()), newest = look_at(file_), taken = look_at(lease());
  if (newest.there && !is_generation(newest) && !is_generation(before)) foreign(file_, "checkpoint");
  if (before.there && !is_generation(before)) foreign(previous(), "checkpoint");
  if (taken.there && !mark_in(taken)) foreign(lease(), "lease");
}

CheckpointStore::Found CheckpointStore::read() {
  Found found;
  std::string bytes, from;
  on_root(comm_, [&] {
    require_own();
    for (const std::string& name : {file_, previous()}) {
      std::string candidate;
      try {
        candidate = read_bytes(name);
      } catch (const Error& error) {
        if (error.code() == ExitCode::no_input && !look_at(name).there) continue;
        throw;
      }
      try {
        checkpoint_from(candidate, name);
      } catch (const Error& error) {
        found.complaints.emplace_back(error.what());
        continue;
      }
      bytes = candidate, from = name;
      break;
    }
    newest_is_good_ = from == file_;
  });
  comm_.broadcast(bytes);
  if (!bytes.empty()) agree(comm_, [&] { found.checkpoint = checkpoint_from(bytes, name_); });
  return found;
}

void CheckpointStore::take_lease(const std::vector<std::string>& outputs) {
  on_root(comm_, [&] {
    require_own();
    const std::optional<std::string> before = mark_in(look_at(lease()));
    const std::string mark = new_mark();
    try {
      const std::string temporary = temporary_name(lease(), mark);
      write_durably(temporary, fmt::format("{}{}\n", lease_head, mark));
      rename_file(temporary, lease());
    } catch (const Error& error) {
      throw Error(ExitCode::cannot_create,
                  fmt::format("{}; --checkpoint needs a folder that can be written to", error.what()));
    }
    mark_ = mark;
    if (!before) return;
    for (const std::string& file : {file_, previous()}) remove_leftover(temporary_name(file, *before));
    for (const std::string& output : outputs) remove_leftover(temporary_name(follow_links(output), *before));
  });
}

bool CheckpointStore::holds_lease() const { return !mark_.empty() && mark_in(look_at(lease())) == mark_; }

void CheckpointStore::write(const Checkpoint& checkpoint) {
  const std::string temporary = temporary_name(file_, mark_);
  std::optional<Ownership> replaced = existing_file(file_);
  if (!replaced) replaced = existing_file(previous());
  write_durably(temporary, to_bytes(checkpoint), replaced ? std::optional(0600U) : std::nullopt);
  if (replaced) keep_ownership(temporary, *replaced);
  try {
    put_in_place(temporary);
  } catch (const Error&) {
    remove_leftover(temporary);
    throw;
  }
}

void CheckpointStore::put_in_place(const std::string& temporary) {
  const Error succeeded(ExitCode::io_failure, fmt::format("{}: another run has taken over", name_));
  if (!holds_lease()) throw succeeded;
  if (newest_is_good_) keep_newest();  // a damaged one must not push a good one out
  newest_is_good_ = false;
  rename_file(temporary, file_);
  newest_is_good_ = true;
  sync_to_disk(folder_of(file_));
  if (!holds_lease()) throw succeeded;  // meanwhile: who took over may not have seen this
}

/// Under the name of the generation before, too, so that there is no moment without a newest one: a run that was
/// succeeded meanwhile could else take it away.
void CheckpointStore::keep_newest() const {
  const std::string second_name = temporary_name(previous(), mark_);
  const std::optional<Ownership> newest = existing_file(file_);
  const bool mine = newest && (newest->user == geteuid() || geteuid() == 0);  // else it might not go away again
  std::error_code error;
  if (mine) std::filesystem::create_hard_link(file_, second_name, error);
  if (!mine || error) return rename_file(file_, previous());  // a file system without such links
  try {
    rename_file(second_name, previous());
    remove_leftover(second_name);  // renaming leaves both names where they are the same file already
  } catch (const Error&) {
    remove_leftover(second_name);
    throw;
  }
}

void CheckpointStore::release_lease() {
  if (comm_.is_root() && holds_lease()) remove_leftover(lease());
  mark_.clear();
}

}  // namespace shoal
