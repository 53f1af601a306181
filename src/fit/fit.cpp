#include "shoal/fit/fit.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "fit/squarem.hpp"
#include "fit/stopping.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/not_finite.hpp"

namespace shoal {
namespace {

/// What an iteration costs from its start.
class IterationCosts {
 public:
  template <class Row>
  explicit IterationCosts(const RowPass<Row>& pass) : costs_(pass.costs()), before_(costs_) {}
  /// The E-step is over.
  void end_expectation() { expected_ = Clock::now(); }
  void fill(IterationReport& report) const {
    const auto now = Clock::now();
    report.seconds = std::chrono::duration<double>(now - start_).count();
    report.seconds_updating = std::chrono::duration<double>(now - expected_).count();
    report.seconds_communicating = costs_.seconds_communicating - before_.seconds_communicating;
    report.bytes_reduced = costs_.bytes_reduced - before_.bytes_reduced;
    report.counting_rounds = costs_.counting_rounds - before_.counting_rounds;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now(), expected_ = start_;
  const PassCosts& costs_;
  PassCosts before_;
};

/// Back to where the last step was made, whose pass is made again: the step after it is none.
template <class Row>
void undo_step(FitState& state, Model<Row>& model) {
  model.resume(state.before, model.repairs(), "the step before");
  state.history.resize(state.history.size() - 2);
  --state.n_iterations;
  ++state.n_passes;
  state.before.clear();
  state.undone = true;
}

/// Back from parameters on trial to those that EM had led to.
template <class Row>
void reject_trial(FitState& state, Model<Row>& model) {
  model.resume(Squarem::take_back(state), model.repairs(), "the step before");
  ++state.n_passes;
}

/// The sums of an E-step over all ranks, and their votes to stop, which travel with them.
template <class Row>
Statistics expectation(const Model<Row>& model, const RowPass<Row>& pass, FitResult& result, Interruption& interruption,
                       StopVotes& votes) {
  SumLayout layout = model.statistics(false);
  const std::size_t first_vote = layout.n_sums;
  layout.n_sums += n_stop_votes;
  const auto add = [&](const RowBlock<Row>& block, Statistics& mine) {
    RowOutputs outputs;
    if (!result.labels.empty()) outputs.label = result.labels.data() + block.first_local;
    model.expect(block, mine, outputs);
  };
  const auto vote = [&](Statistics& mine) {
    std::ranges::copy(interruption.votes(), mine.sums.begin() + static_cast<std::ptrdiff_t>(first_vote));
  };
  Statistics sums = pass.reduce(layout, add, vote);
  for (std::size_t i = 0; i < n_stop_votes; ++i) votes[i] = static_cast<std::int64_t>(sums.sums[first_vote + i]);
  sums.sums.resize(first_vote);
  return sums;
}

/// The M-step led from `here` to where the model stands: brings the state, and the model, to where the next pass
/// begins.
template <class Row>
void advance(FitState& state, Model<Row>& model, const Squarem& squarem, const Course& course, NamedArrays&& here) {
  const bool repaired = model.repairs().moved() > state.repairs.moved();
  ++state.n_iterations;
  ++state.n_passes;
  state.falls += course.fell(state) ? 1 : 0;
  state.moved_before = state.repairs.moved();
  state.repairs = model.repairs();
  if (course.minimises) {
    state.before = std::move(here);
  } else if (repaired) {
    Squarem::begin_anew(state);
  } else if (!squarem.possible()) {
    ++state.acceleration.em_steps;
  } else if (const auto tried = squarem.after_step(state, course, std::move(here), model.parameters())) {
    model.resume(*tried, model.repairs(), "the extrapolation");
  }
}

/// However a fit ends, its model forgets the rows.
template <class Row>
class EndOfFit {
 public:
  explicit EndOfFit(Model<Row>& model) : model_(model) {}
  EndOfFit(const EndOfFit&) = delete;
  EndOfFit& operator=(const EndOfFit&) = delete;
  ~EndOfFit() {
    if (model_.in_fit()) model_.end_fit();
  }

 private:
  Model<Row>& model_;
};

std::optional<StopReason> reason_of(const StopVotes& votes) {
  const auto any = [&](StopVote vote) { return votes[static_cast<std::size_t>(vote)] > 0; };
  if (any(StopVote::superseded))
    throw Error(ExitCode::io_failure,
                "another run has taken over the checkpoint; this one ends, as both would work on the same fit");
  if (any(StopVote::signal)) return StopReason::signal;
  if (any(StopVote::time)) return StopReason::time;
  return std::nullopt;
}

/// A fit under way.
template <class Row>
class Fit {
 public:
  Fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer)
      : model_(model),
        pass_(pass),
        options_(options),
        observer_(observer),
        squarem_(options.accelerate == Accelerate::squarem ? model.moving_parameters() : std::vector<Parameter>{}),
        yardstick_{model.minimises(), pass.summary().total_weight, model.rounding()} {}

  FitResult run(Interruption& interruption, FitState state);

 private:
  std::optional<StopReason> update(FitState& state, const Course& course, const Statistics& sums,
                                   IterationReport& report, const IterationCosts& costs);
  void conclude(StopReason reason, FitState&& state);

  Model<Row>& model_;
  const RowPass<Row>& pass_;
  const FitOptions& options_;
  Observer& observer_;
  const Squarem squarem_;
  const Yardstick yardstick_;
  FitResult result_;
};

/// Stop or M-step.
template <class Row>
std::optional<StopReason> Fit<Row>::update(FitState& state, const Course& course, const Statistics& sums,
                                           IterationReport& report, const IterationCosts& costs) {
  if (course.remaining) state.remaining = *course.remaining;
  NamedArrays here = course.minimises || squarem_.possible() ? model_.parameters() : NamedArrays();
  std::optional<StopReason> stop = course.stop(state, options_);
  if (!stop && !model_.maximise(sums, pass_)) stop = StopReason::fixed_point;
  report.change = course.change;
  costs.fill(report);
  if (!state.undone) observer_.iteration(report);
  if (!stop) {
    advance(state, model_, squarem_, course, std::move(here));
    return std::nullopt;
  }
  result_.falls = state.falls + (course.fell(state) ? 1 : 0);
  result_.log_likelihood = model_.log_likelihood(sums);
  result_.counts = model_.counts(sums);
  return stop;
}

/// What the fit tells, and the state from which it can go on.
template <class Row>
void Fit<Row>::conclude(StopReason reason, FitState&& state) {
  result_.stop_reason = reason;
  result_.n_iterations = state.n_iterations;
  result_.history = state.history;
  result_.objective = state.history.back();
  result_.n_passes = state.n_passes + (result_.interrupted() ? 0 : 1);
  result_.rejected_steps = state.acceleration.rejected;
  result_.remaining_gain = reason == StopReason::fixed_point ? 0 : state.remaining;
  if (result_.interrupted())
    result_.falls = state.falls;
  else
    state.history.pop_back();  // back to where the last pass began
  result_.state = std::move(state);
  const std::vector<std::uint8_t>& used = pass_.source().used;
  for (std::size_t r = 0; r < result_.labels.size(); ++r)
    if (!used.empty() && used[r] == 0) result_.labels[r] = -1;
}

template <class Row>
FitResult Fit<Row>::run(Interruption& interruption, FitState state) {
  if (options_.want_labels) result_.labels.resize(pass_.source().n_rows());
  for (std::optional<StopReason> stop; !stop;) {
    interruption.before_pass(state);
    IterationCosts costs(pass_);
    StopVotes votes;
    const Statistics sums = expectation(model_, pass_, result_, interruption, votes);
    costs.end_expectation();
    IterationReport report{state.n_iterations, model_.objective(sums), 0, state.acceleration.length};
    if (Squarem::fails(state, report.objective)) {
      reject_trial(state, model_);
      costs.fill(report);
      observer_.rejected(report);
    } else {
      if (!std::isfinite(report.objective)) throw not_finite(model_, pass_, report.objective);
      state.history.push_back(report.objective);  // one entry ahead until the M-step is done
      const Course course(state, options_, yardstick_);
      if (course.overshot(state)) {
        undo_step(state, model_);
        continue;
      }
      stop = update(state, course, sums, report, costs);
    }
    if (!stop) stop = reason_of(votes);
    if (stop) conclude(*stop, std::move(state));
  }
  return std::move(result_);
}

}  // namespace

template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer,
              Interruption& interruption, FitState state) {
  const EndOfFit end(model);
  return Fit<Row>(model, pass, options, observer).run(interruption, std::move(state));
}

template FitResult fit<float>(Model<float>&, const RowPass<float>&, const FitOptions&, Observer&, Interruption&,
                              FitState);
template FitResult fit<double>(Model<double>&, const RowPass<double>&, const FitOptions&, Observer&, Interruption&,
                               FitState);
template FitResult fit<PackedByte>(Model<PackedByte>&, const RowPass<PackedByte>&, const FitOptions&, Observer&,
                                   Interruption&, FitState);

}  // namespace shoal
