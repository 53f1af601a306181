/// Start and end of MPI in a program whose main is ours.
#pragma once

#include <string>

namespace shoal {

/// Whether a launcher (mpirun, srun) has started this process as a rank, as its environment tells.
bool launched();

/// Initialises MPI (threads funnelled) and finalises it at the end of its scope.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  /// The same where launched(). A process alone goes without MPI, which takes a quarter of a second to start and on
  /// login nodes may fail; Communicator::world() is then this process. For programs that call MPI through this library
  /// only.
  static Environment where_launched(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Environment(int& argc, char**& argv, bool with_mpi);
  bool with_mpi_;
};

/// How many processes a launcher has started that MPI may have failed to join: where this is more than one and
/// Communicator::world() has one rank, each of them would do the whole work.
int processes_to_join();

/// Name and version of the MPI library, on one line.
std::string mpi_library_version();

/// Ends the whole job at once, with or without MPI: for an error that the other ranks cannot know of.
[[noreturn]] void abort_job(int exit_code);

}  // namespace shoal
