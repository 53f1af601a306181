/// Files that are read from their beginning several times, also where they are pipes.
#pragma once

#include <fstream>
#include <string>

#include "io/descriptor.hpp"

namespace shoal {

/// A regular file, or what once came out of a pipe: that is kept in a file without a name, on disk in `folder`; without
/// a folder pipes are refused. Throws Error: no_input where it is missing or neither, io_failure where it cannot be
/// kept.
class RereadableFile {
 public:
  RereadableFile(std::string name, const std::string& folder);
  [[nodiscard]] std::ifstream open() const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  Descriptor copy_;
};

}  // namespace shoal
