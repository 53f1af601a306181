/// Where an output goes, and what may not be replaced by it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace shoal {

/// Who owns a file that is there already, and what they may do with it.
struct Ownership {
  mode_t mode = 0;
  uid_t user = 0;
  gid_t group = 0;
};

/// `name` with links followed, so that the file is replaced and not the link; also where they end at no file.
std::string follow_links(const std::string& name);

/// Of the file that is there; nothing where there is none. Throws Error(cannot_create) where it is a folder, a device,
/// a pipe or a socket, whose place no output takes.
std::optional<Ownership> existing_file(const std::string& name);

/// Throws Error(cannot_create) where `name` is a link that points nowhere.
void require_target(const std::string& name);

/// Throws Error(cannot_create) where `name` is what existing_file refuses, or, unless it may be replaced, is there
/// already: even as a link that points nowhere.
void require_free(const std::string& name, bool may_replace);

/// Gives a file the owner and permissions of the one that it is to replace, as far as this user may.
void keep_ownership(const std::string& file, const Ownership& ownership);

}  // namespace shoal
