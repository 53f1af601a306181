/// A fit, and what can be done with its model, as library calls.
#pragma once

#include <string>

#include "shoal/fit/fit.hpp"
#include "shoal/fit/predict.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/run/best_fit.hpp"
#include "shoal/run/rows.hpp"

namespace shoal {

/// A model that was fitted, and how it came about.
struct Fitted {
  ModelFile model;   ///< as files hold it
  FitResult result;  ///< labels (of this rank's rows) where options.fit.want_labels
  Repairs repairs;
  std::vector<std::string> warnings;
};

/// Fits rows that were read for these options, from seeds or a file of --init. Collective. Throws Error as the program
/// does, with its exit code. @pre The rows are of the family's kind, and scaled as the options say.
Fitted fit(const Rows& rows, RunOptions options);

/// The same with an observer, and interruptible: what has been done by then is in result.state and model.parameters.
Fitted fit(const Rows& rows, RunOptions options, Observer& observer, Interruption& interruption);

/// What a model file says of a fit; one more pass for a mixture, which tells how clearly rows belong to its components.
/// Collective. Throws Error(bad_data) where anything in it would be no number.
template <class Row>
ModelFile model_file(const BestFit<Row>& best, const RunOptions& options, const RowPass<Row>& pass,
                     const FeatureNames& names, const Scaling& scaling);

/// A model file, all of whose parameters are checked. Collective. Throws Error no_input, or bad_data naming what is
/// wrong.
ModelFile load(const Communicator& comm, const std::string& file);

/// Writes a model under a name that must be free, or may be overwritten. Collective. Throws Error(cannot_create or
/// io_failure).
void save(const Communicator& comm, const ModelFile& model, const std::string& file, bool overwrite = false);

/// One pass over rows, read for this model or scaled as it was in its fit, with parameters that stay as they are.
/// Collective. Throws NotFinite, which names the row.
Prediction predict(const Rows& rows, const ModelFile& model, const PredictionWants& wants = {.labels = true},
                   const std::string& source = "the model");

}  // namespace shoal
