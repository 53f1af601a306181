#include "shoal/run/named_files.hpp"

#include <fmt/format.h>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/partial_start.hpp"

namespace shoal {
namespace {

void require_scaling(const Scaling& scaling, std::size_t n_features, const std::string& source) {
  if (scaling.empty() || scaling.center.size() == n_features) return;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: /preprocessing/center holds {} numbers, the data have {} features; they must be equal",
                          source, scaling.center.size(), n_features));
}

}  // namespace

void read_named_files(const Communicator& comm, std::size_t n_features, RunOptions& options,
                      std::vector<std::string>& sources) {
  ModelOptions& model = options.model;
  if (model.mixing == Mixing::given && model.given_weights.empty()) {
    const NamedArrays arrays = read_parameters(comm, model.mixing_file.name, sources).arrays;
    model.given_weights = require_weights(arrays, model.n_clusters, model.mixing_file.name);
    model.mixing_file.digest = digest({*find(arrays, "weights")});
  }
  StartOptions& start = options.start;
  if (start.file.name.empty()) return;
  StoredParameters stored = read_parameters(comm, start.file.name, sources);
  require_scaling(stored.scaling, n_features, start.file.name);
  start.arrays = usable_arrays(model, n_features, stored, start.file.name, start.note);
  start.of_rows = start.arrays.empty();
  start.has_responsibilities = start.of_rows && stored.responsibilities;
  NamedArrays content = stored.arrays;
  if (!stored.scaling.empty()) {
    content.push_back({"center", {n_features}, stored.scaling.center});
    content.push_back({"scale", {n_features}, stored.scaling.scale});
  }
  start.file.digest = digest(content);
  if (start.of_rows) {  // its rows are looked at with the data's
    on_root(comm, [&] { start.file.digest = file_digest(start.file.name); });
    broadcast_object(comm, start.file.digest);
  }
  start.scaling = std::move(stored.scaling);
  NamedArrays checked = start.arrays;  // those of codes wait for the data, which tell the levels
  if (model.family().rows.values != Values::codes && !start.of_rows)
    check_parameters(model, n_features, Completeness::part, start.file.name, checked);
}

}  // namespace shoal
