#include "shoal/run/named_files.hpp"

#include "shoal/io/digest.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {

void read_named_files(const Communicator& comm, std::size_t n_features, RunOptions& options,
                      std::vector<std::string>& sources) {
  ModelOptions& model = options.model;
  if (model.mixing == Mixing::given && model.given_weights.empty()) {
    const NamedArrays arrays = read_parameters(comm, model.mixing_file.name, sources);
    model.given_weights = require_weights(arrays, model.n_clusters, model.mixing_file.name);
    model.mixing_file.digest = digest({*find(arrays, "weights")});
  }
  StartOptions& start = options.start;
  if (start.file.name.empty()) return;
  start.arrays = read_parameters(comm, start.file.name, sources);
  start.file.digest = digest(start.arrays);
  NamedArrays checked = start.arrays;  // those of codes wait for the data, which tell the levels
  if (model.family().rows.values != Values::codes)
    check_parameters(model, n_features, Completeness::start, start.file.name, checked);
}

}  // namespace shoal
