/// From options and rows to the best fit that starts and searches lead to.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "shoal/fit/fit.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/model/soundness.hpp"
#include "shoal/model/start_progress.hpp"
#include "shoal/run/options.hpp"
#include "shoal/search/search.hpp"

namespace shoal {

/// What is told of starts, and when a checkpoint may be written. All calls are collective.
class StartObserver {
 public:
  StartObserver() = default;
  StartObserver(const StartObserver&) = delete;
  StartObserver& operator=(const StartObserver&) = delete;
  virtual ~StartObserver() = default;

  /// A fit on all rows begins; `parameters` gives those of its model, at any time until it ends.
  virtual void fit_begins(const StartProgress& /*so_far*/, std::function<NamedArrays()> /*parameters*/) {}
  /// It ended, not interrupted; `is_last`: no other follows.
  virtual void fit_ended(const StartProgress& /*so_far*/, bool /*is_last*/) {}
  /// A search ended: worth keeping.
  virtual void search_ended(const StartProgress& /*so_far*/) {}
  /// Between pieces of work without passes over all rows: may throw an Error on all ranks alike, to stop.
  virtual void between() {}
  /// What is being done now, for people who wait.
  virtual void phase(const std::string& /*what*/) {}
  /// A sentence for people.
  virtual void tell(const std::string& /*sentence*/) {}
};

template <class Row>
struct BestFit {
  std::unique_ptr<Model<Row>> model;
  FitResult result;  ///< of the fit that is kept, or that was interrupted
  StartProgress progress;
  Soundness soundness;  ///< of the model; interrupted: not looked at
};

/// Who follows a fit.
struct Followers {
  Observer& observer;
  Interruption& interruption;
  StartObserver& starts;
};

/// What fits of a scan share, and what each takes from the one before.
template <class Row>
struct FromScan {
  const Sample<Row>* sample = nullptr;  ///< null: each search draws its own
  NamedArrays fewer{};                  ///< parameters of fewer clusters, from which one search more begins; or none
};

/// Fits from as many starts as options say, or from the better of two searches on a sample, and keeps the best. Goes on
/// from `before`, the checkpoint of the file `source`, where there is one. `scaling`: what was done to the rows'
/// values. Collective. Throws Error on a start that does not fit the rows, and as fit() does.
/// @pre read_named_files has read what options name, and settle_starts has been called.
template <class Row>
BestFit<Row> best_fit(const RunOptions& options, RowPass<Row>& pass, const Scaling& scaling, const Followers& followers,
                      const Checkpoint* before = nullptr, const std::string& source = "",
                      const FromScan<Row>& scan = {});

/// Rows that a search for a model of these rows wants; `too_small` where searches say nothing.
template <class Row>
SampleSize wanted_sample(const RunOptions& options, const RowPass<Row>& pass);

/// One start where --init names a file. Throws Error(usage) where more are asked for.
void settle_starts(RunOptions& options);

}  // namespace shoal
