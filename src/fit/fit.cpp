#include "shoal/fit/fit.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <optional>

#include "shoal/core/error.hpp"
#include "shoal/fit/not_finite.hpp"
#include "shoal/fit/proposal.hpp"

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

/// The change between the last two passes, in the unit of the tolerance.
double change_of(const std::vector<double>& history, bool relative, double total_weight) {
  if (history.size() < 2) return 0;
  const double before = history[history.size() - 2];
  const double change = std::abs(history.back() - before);
  if (!relative) return change / total_weight;
  return before == 0 ? 0 : change / std::abs(before);
}

bool fell(const std::vector<double>& history, bool minimise) {
  if (history.size() < 2) return false;
  const double before = history[history.size() - 2];
  const double worse = minimise ? history.back() - before : before - history.back();
  return worse > 1e-9 * std::abs(before);
}

/// Where the objective went in the last pass.
struct Course {
  bool minimises, repaired;  ///< repaired: by the last M-step, so this is not yet a result
  double change = 0;
  Course(const FitState& state, bool minimise, double total_weight)
      : minimises(minimise),
        repaired(state.repairs.moved() > state.moved_before),
        change(change_of(state.history, minimise, total_weight)) {}

  /// The last step of a model that minimises made its objective rise: exact steps do not, but distances are rounded.
  [[nodiscard]] bool overshot(const FitState& state) const {
    const std::vector<double>& history = state.history;
    return !state.before.empty() && !repaired && history.size() > 1 && history.back() > history[history.size() - 2];
  }
  /// Its last two steps left the objective as it was: rows as far from one centre as from another may go to and fro.
  [[nodiscard]] bool stands_still(const std::vector<double>& history) const {
    return minimises && !repaired && history.size() > 2 && history.back() == history[history.size() - 3];
  }
};

/// Back to where the last step was made, whose pass is made again: the step after it is none.
template <class Row>
void undo_step(FitState& state, Model<Row>& model) {
  model.resume(state.before, model.repairs(), "the step before");
  state.history.resize(state.history.size() - 2);
  --state.n_iterations;
  state.before.clear();
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

/// An M-step, or what a proposal makes of it. Returns whether any parameter changed in any bit.
template <class Row>
bool step(Model<Row>& model, const RowPass<Row>& pass, const Statistics& sums, Proposal* proposal) {
  if (proposal == nullptr) return model.maximise(sums, pass);
  const NamedArrays before = model.parameters();
  const std::size_t n_clusters = model.n_clusters();
  if (!model.maximise(sums, pass)) return false;
  NamedArrays after = model.parameters();
  if (model.n_clusters() == n_clusters && proposal->replace(before, after))
    model.resume(after, model.repairs(), "the proposal");
  return true;
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

/// What the last pass found, and from where a fit can go on.
template <class Row>
void conclude(FitResult& result, const Model<Row>& model, const BlockSource<Row>& source, const Statistics& sums,
              FitState&& state) {
  result.n_iterations = state.n_iterations;
  result.history = state.history;
  if (!result.interrupted()) state.history.pop_back();  // back to where the last pass began
  result.objective = result.history.back();
  result.log_likelihood = model.log_likelihood(sums);
  if (!result.interrupted()) result.counts = model.counts(sums);  // else of clusters that may be gone
  result.state = std::move(state);
  for (std::size_t r = 0; r < result.labels.size(); ++r)
    if (!source.used.empty() && source.used[r] == 0) result.labels[r] = -1;
}

std::optional<StopReason> reason_of(const StopVotes& votes) {
  const auto any = [&](StopVote vote) { return votes[static_cast<std::size_t>(vote)] > 0; };
  if (any(StopVote::superseded))
    throw Error(ExitCode::io_failure,
                "another run has taken over the checkpoint; this one ends, as both would work on the same fit");
  if (any(StopVote::signal)) return StopReason::signal;
  if (any(StopVote::time)) return StopReason::time;
  return std::nullopt;
}

std::optional<StopReason> reason_of(const FitState& state, const Course& course, const FitOptions& options) {
  const double tolerance =
      options.tolerance.value_or(course.minimises ? tolerance_of_hard_models : tolerance_of_mixtures);
  if (course.stands_still(state.history)) return StopReason::fixed_point;
  if (state.n_iterations > 0 && course.change < tolerance && !course.repaired) return StopReason::tolerance;
  if (state.n_iterations >= options.max_iterations) return StopReason::max_iterations;
  return std::nullopt;
}

}  // namespace

template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer,
              Interruption& interruption, FitState state) {
  FitResult result;
  const EndOfFit end(model);
  if (options.want_labels) result.labels.resize(pass.source().n_rows());
  for (bool undone = false;;) {
    interruption.before_pass(state);
    IterationCosts costs(pass);
    StopVotes votes;
    const Statistics sums = expectation(model, pass, result, interruption, votes);
    costs.end_expectation();

    std::vector<double>& history = state.history;  // one entry ahead until the M-step is done
    history.push_back(model.objective(sums));
    if (!std::isfinite(history.back())) throw not_finite(model, pass, history.back());
    const Course course(state, model.minimises(), pass.summary().total_weight);
    if (course.overshot(state)) {
      undo_step(state, model);
      undone = true;
      continue;
    }
    NamedArrays before = model.minimises() ? model.parameters() : NamedArrays();
    std::optional<StopReason> stop = undone ? StopReason::fixed_point : reason_of(state, course, options);
    if (!stop && !step(model, pass, sums, options.proposal)) stop = StopReason::fixed_point;
    IterationReport report{state.n_iterations, history.back(), course.change};
    costs.fill(report);
    if (!undone) observer.iteration(report);

    const std::int64_t falls = state.falls + (fell(history, model.minimises()) ? 1 : 0);
    if (!stop) {
      state = {state.n_iterations + 1, std::move(history),    falls,
               model.repairs(),        state.repairs.moved(), std::move(before)};
      stop = reason_of(votes);
      if (!stop) continue;
    }
    result.stop_reason = *stop;
    result.falls = falls;
    conclude(result, model, pass.source(), sums, std::move(state));
    return result;
  }
}

template FitResult fit<float>(Model<float>&, const RowPass<float>&, const FitOptions&, Observer&, Interruption&,
                              FitState);
template FitResult fit<double>(Model<double>&, const RowPass<double>&, const FitOptions&, Observer&, Interruption&,
                               FitState);
template FitResult fit<PackedByte>(Model<PackedByte>&, const RowPass<PackedByte>&, const FitOptions&, Observer&,
                                   Interruption&, FitState);

}  // namespace shoal
