#include "shoal/model/options.hpp"

#include <fmt/format.h>

#include "shoal/core/error.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

ModelOptions::ModelOptions(const Family& family, std::size_t clusters)
    : n_clusters(clusters), family_(&family), own_(family.own) {}

namespace {

const Family& require_family(std::string_view name) {
  const Family* family = find_family(name);
  if (family == nullptr)
    throw Error(ExitCode::usage, fmt::format("{}: no such model; there are {}", name, family_names()));
  return *family;
}

}  // namespace

ModelOptions::ModelOptions(std::string_view name, std::size_t clusters)
    : ModelOptions(require_family(name), clusters) {}

}  // namespace shoal
