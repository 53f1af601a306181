#include "shoal/fit/fit.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>

#include "shoal/core/error.hpp"

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
    report.counting_rounds = costs_.integer_sums - before_.integer_sums;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now(), expected_ = start_;
  const PassCosts& costs_;
  PassCosts before_;
};

void require_finite(double objective, bool hard) {
  if (std::isfinite(objective)) return;
  throw Error(ExitCode::bad_data,
              fmt::format("the {} is {}: the values are too large or a row has no density under any component; scale "
                          "the data, or start elsewhere (--init, --seed)",
                          hard ? "sum of distances" : "log-likelihood", objective));
}

/// The change between the last two passes, in the unit of the tolerance.
double change_of(const std::vector<double>& history, const FitOptions& options, double total_weight) {
  if (history.size() < 2) return 0;
  const double before = history[history.size() - 2];
  const double change = std::abs(history.back() - before);
  if (!options.relative) return change / total_weight;
  return before == 0 ? 0 : change / std::abs(before);
}

bool fell(const std::vector<double>& history, const FitOptions& options) {
  if (history.size() < 2) return false;
  const double before = history[history.size() - 2];
  const double worse = options.minimise ? history.back() - before : before - history.back();
  return worse > 1e-9 * std::abs(before);
}

template <class Row>
void mark_left_out(const Shard<Row>& shard, std::vector<std::int32_t>& labels) {
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (!shard.used.empty() && shard.used[r] == 0) labels[r] = -1;
}

}  // namespace

std::string to_string(StopReason reason) {
  return std::array{"tolerance", "fixed_point", "max_iterations"}.at(static_cast<std::size_t>(reason));
}

template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer) {
  FitResult result;
  if (options.want_labels) result.labels.resize(pass.shard().n_rows());
  for (std::int64_t repairs = 0;; ++result.n_iterations) {
    IterationCosts costs(pass);
    const bool repaired = model.repairs().moved() > repairs;  // by the last M-step: not yet a result
    repairs = model.repairs().moved();

    const Statistics sums = pass.reduce(model.statistics(false), [&](const RowBlock<Row>& block, Statistics& mine) {
      RowOutputs outputs;
      if (options.want_labels) outputs.label = result.labels.data() + block.first_local;
      model.expect(block, mine, outputs);
    });
    costs.end_expectation();
    result.history.push_back(model.objective(sums));
    require_finite(result.history.back(), options.minimise);
    if (fell(result.history, options)) ++result.falls;

    const double change = change_of(result.history, options, pass.summary().total_weight);
    std::optional<StopReason> stop;
    if (result.n_iterations > 0 && change < options.tolerance && !repaired)
      stop = StopReason::tolerance;
    else if (result.n_iterations >= options.max_iterations)
      stop = StopReason::max_iterations;
    else if (!model.maximise(sums, pass))
      stop = StopReason::fixed_point;
    IterationReport report{result.n_iterations, result.history.back(), change};
    costs.fill(report);
    observer.iteration(report);
    if (!stop) continue;

    result.stop_reason = *stop;
    result.objective = result.history.back();
    result.log_likelihood = model.log_likelihood(sums);
    result.counts = model.counts(sums);
    mark_left_out(pass.shard(), result.labels);
    model.end_fit();
    return result;
  }
}

template FitResult fit<float>(Model<float>&, const RowPass<float>&, const FitOptions&, Observer&);
template FitResult fit<double>(Model<double>&, const RowPass<double>&, const FitOptions&, Observer&);
template FitResult fit<PackedByte>(Model<PackedByte>&, const RowPass<PackedByte>&, const FitOptions&, Observer&);

}  // namespace shoal
