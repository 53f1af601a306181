#include <fmt/format.h>

#include <algorithm>

#include "shoal/core/error.hpp"
#include "shoal/run/best_fit.hpp"

namespace shoal {
namespace {

/// What is held must be there, and be one array a component.
void require_held(const RunOptions& options) {
  const ModelOptions& model = options.model;
  if (model.held.empty()) return;
  if (options.start.file.name.empty() && options.start.arrays.empty())
    throw Error(ExitCode::usage, "--freeze: holds what a start gives; give one by --init FILE");
  const std::vector<Parameter> one = model.family().parameters(model, {1, 1, 1}),
                               two = model.family().parameters(model, {2, 1, 1});
  for (const HeldParameter& held : model.held) {
    const bool known = std::ranges::find(one, held.name, &Parameter::name) != one.end() ||
                       (held.name == "weights" && model.family().mixture);
    if (!known) {
      std::string names = model.family().mixture ? "weights" : "";
      for (const Parameter& parameter : one) names += (names.empty() ? "" : ", ") + parameter.name;
      throw Error(ExitCode::usage,
                  fmt::format("--freeze {}: a {} model has {}", held.name, model.family().name, names));
    }
    if (held.components.empty()) continue;
    if (held.components.back() >= model.n_clusters)
      throw Error(ExitCode::usage, fmt::format("--freeze {}: there is no component {}; {} are numbered from 0",
                                               held_text({held}), held.components.back(), model.n_clusters));
    if (model.empty_cluster == EmptyCluster::drop)
      throw Error(
          ExitCode::usage,
          fmt::format("--freeze {}: components change their numbers under --empty-cluster drop", held_text({held})));
    for (std::size_t i = 0; i < one.size(); ++i)
      if (one[i].name == held.name && one[i].shape == two[i].shape)
        throw Error(ExitCode::usage, fmt::format("--freeze {}: all components have one in common; hold it without "
                                                 "naming components",
                                                 held_text({held})));
  }
}

}  // namespace

void settle_starts(RunOptions& options) {
  require_held(options);
  std::optional<std::int64_t>& starts = options.search.starts;
  if (options.start.file.name.empty()) return;
  if (starts.value_or(1) != 1)
    throw Error(ExitCode::usage,
                fmt::format("--starts {}: every start from --init {} is the same; leave one of them out", *starts,
                            options.start.file.name));
  starts = 1;
}

}  // namespace shoal
