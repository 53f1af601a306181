/// --log: one JSON object a line.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/arguments.hpp"
#include "io/descriptor.hpp"

namespace shoal::app {

/// The log of one fit, on rank 0. A line is there whole or not at all; where one cannot be written, a warning is given
/// once and the fit goes on.
class FitLog {
 public:
  FitLog() = default;

  /// Goes on with the file where a checkpoint is kept and the file is the log of this very fit (whose digests, of
  /// options and of data, every line names). Throws Error(cannot_create) where any other file has the name (unless it
  /// may be overwritten), or none can be created.
  FitLog(const Arguments& arguments, std::string fit);
  FitLog(FitLog&&) = default;
  FitLog& operator=(FitLog&&) = default;
  ~FitLog();  ///< a log that was created and has no line is removed

  /// The digest of the data, which is known when they have been read. Throws Error(cannot_create) where the lines that
  /// are there are of other data.
  void set_data(const std::string& digest);

  /// Adds an object, which gets the key "fit".
  void line(nlohmann::ordered_json object);

  [[nodiscard]] bool is_open() const { return file_.get() >= 0; }

 private:
  std::string name_;  ///< links followed
  std::string fit_;
  std::string found_;  ///< the fit of the lines that are there; empty: none
  Descriptor file_;
  bool created_ = false;  ///< by this run
  bool warned_ = false;
};

}  // namespace shoal::app
