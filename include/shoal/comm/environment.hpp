/// Start and end of MPI in a program whose main is ours.
#pragma once

#include <string>

namespace shoal {

/// Initialises MPI (threads funnelled) and finalises it at the end of its scope.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

/// Name and version of the MPI library, on one line.
std::string mpi_library_version();

/// Ends the whole job at once: for an error that the other ranks cannot know of.
[[noreturn]] void abort_job(int exit_code);

}  // namespace shoal
