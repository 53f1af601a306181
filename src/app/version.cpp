#include "shoal/core/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/version.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/io/reader_process.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {

std::string version_text() {
  const std::vector<std::string> names = target_names(supported_targets());  // as files and --target have them
  return fmt::format(
      "shoal {}\nrevision: {}\ncompiler: {}\nMPI: {}\nHDF5: {}\ninstruction set: {} (this machine: {})\n", version(),
      SHOAL_REVISION, SHOAL_COMPILER, mpi_library_version(), hdf5_library_version(), spoken_target(names.front()),
      fmt::join(names, ", "));
}

}  // namespace shoal::app
