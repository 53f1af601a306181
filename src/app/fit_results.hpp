/// What a fit leaves: its model and label files, and the JSON of the run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/checkpointing.hpp"
#include "app/fit_plan.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/output_file.hpp"
#include "shoal/model/model.hpp"

namespace shoal::app {

/// The files a fit writes; their names are taken before the work starts. A file that is there already may be replaced
/// where it is this fit's own: `before` knows what this fit has written.
struct Outputs {
  OutputFile model;
  std::optional<OutputFile> labels;
  std::optional<std::vector<std::string>> ids;  ///< of this rank's rows, where labels have them

  Outputs(const Communicator& comm, const Arguments& arguments, const std::optional<Checkpoint>& before,
          const std::string& mark);
};

/// Whether all that is asked for is there as the finished fit wrote it. Collective.
bool all_written(const Communicator& comm, const Arguments& arguments, const Checkpoint& finished);

/// Before the fit, so that what cannot be read is told while nothing is lost. Collective.
void read_ids_of_labels(const Communicator& comm, const FitPlan& plan, Outputs& outputs);

/// Writes the files, lets the checkpoint know them, and gives them their names. Collective.
void write_outputs(const Communicator& comm, Outputs& outputs, const ModelFile& file, const FitResult& result,
                   const FitPlan& plan, Checkpointing& checkpointing);

struct Seconds {
  double read = 0, start = 0, fit = 0, write = 0;
  double checkpoints = 0;  ///< of these, on rank 0
};

/// Collective.
nlohmann::ordered_json run_json(const Communicator& comm, const ModelFile& file, const Repairs& repairs,
                                const FitResult& result, std::int64_t bytes_a_pass, const Seconds& seconds,
                                int threads);

}  // namespace shoal::app
