// The main command, from files to model: read this first.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "app/checkpointing.hpp"
#include "app/commands.hpp"
#include "app/fit_identity.hpp"
#include "app/fit_plan.hpp"
#include "app/fit_results.hpp"
#include "app/memory_check.hpp"
#include "app/reading_progress.hpp"
#include "app/report.hpp"
#include "app/row_checks.hpp"
#include "app/scan_report.hpp"
#include "app/summary.hpp"
#include "app/terminal.hpp"
#include "app/threads.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/run/best_fit.hpp"
#include "shoal/run/fitted.hpp"
#include "shoal/run/health.hpp"
#include "shoal/run/scaling.hpp"
#include "shoal/run/selection.hpp"
#include "shoal/run/start_rows.hpp"
#include "shoal/run/unseen_feature.hpp"

namespace shoal::app {
namespace {

class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// What only the rows can give.
void note_rows(const Rows& rows, FitPlan& plan) {
  RowOptions& options = plan.options.rows;
  note_content(rows, options);
  for (const auto& [name, content] : {std::pair("mask", &options.mask), std::pair("row-weights", &options.row_weights),
                                      std::pair("noise", &options.noise)})
    if (!content->digest.empty()) set_entry(plan.identity, name, toml_text(content->digest));
  const PlacedDigest mine = std::visit([](const auto& shard) { return shard.digest; }, rows.shard);
  set_entry(plan.identity, digest_of_rows, rows_digest(rows.comm, mine));
}

/// A fit under way: where it tells, what it writes, and where it may have been before.
struct Life {
  FitPlan& plan;
  Outputs& outputs;
  Reporter& reporter;
  Checkpointing& checkpointing;
  const std::optional<Checkpoint>& before;
  const Rows* rows = nullptr;
  Stopwatch watch{};
  Seconds seconds{};
};

/// Writes the results and tells of them.
template <class Row>
void write_results(const RowPass<Row>& pass, std::int64_t bytes_a_pass, const Selected<Row>& found, Life& life) {
  const BestFit<Row>& best = found.best;
  const Model<Row>& model = *best.model;
  const FitResult& result = best.result;
  const FitPlan& plan = life.plan;
  const Communicator& comm = pass.comm();
  const std::optional<ScanOptions>& scan = plan.arguments.scan;
  const FeatureNames names = life.rows->names();
  const ModelFile file = scan ? selected_file(found, *scan, pass, names, life.rows->scaling)
                              : model_file(best, found.options, pass, names, life.rows->scaling);
  write_outputs(comm, life.outputs, file, result, plan, life.checkpointing);
  life.seconds.write = life.watch.lap();
  life.seconds.checkpoints = life.checkpointing.seconds_writing();
  nlohmann::ordered_json json = run_json(comm, file, model.repairs(), result, bytes_a_pass, life.seconds, plan.threads);
  if (scan) {
    json.erase("bytes_reduced_per_iteration");  // it made its last pass alone once more
    json["criterion"] = found.table.criterion;
    json["selection"] = json_of_scan(found.table, file.is_mixture);
  }
  life.reporter.log_line(json);
  for (const auto& warnings : {model.warnings(names), size_warnings(file)})
    for (const std::string& warning : warnings) warn(comm, plan.arguments, warning);
  if (scan) tell_of_scan(comm, plan, found.table);
  if (!best.soundness.sound())
    warn(comm, plan.arguments,
         fmt::format("degenerate, and no sound fit was found: {}; its likelihood says little; use fewer clusters{}",
                     best.soundness.sentence(names),
                     model.parameters().back().name == "covariances" ? ", another covariance or more --regularization"
                                                                     : " or a larger --pseudo-count"));
  say(comm, plan.arguments, summary_text(file, best.result, plan.arguments));
  if (plan.arguments.json) print_result(comm, one_line(json) + "\n");
}

/// Of scales that could not be found, or should be.
template <class Row>
void warn_of_scales(const RowPass<Row>& pass, const Life& life) {
  const FitPlan& plan = life.plan;
  std::vector<std::string> warnings = life.rows->warnings;
  if constexpr (!std::is_same_v<Row, PackedByte>)
    warnings.push_back(lone_feature(pass, plan.options.model, plan.options.scaling, life.rows->feature_names));
  for (const std::string& warning : warnings)
    if (!warning.empty()) warn(pass.comm(), plan.arguments, warning);
}

/// Tells of starts and searches, and keeps them.
template <class Row>
class Starts final : public StartObserver {
 public:
  Starts(RowPass<Row>& pass, Life& life) : pass_(pass), life_(life) {}

  void fit_begins(const StartProgress& so_far, std::function<NamedArrays()> parameters) override {
    life_.checkpointing.begin_fit(so_far, std::move(parameters));
    life_.seconds.start += life_.watch.lap();
    if (so_far.current >= 0)
      life_.reporter.start_begins(static_cast<std::size_t>(so_far.current) - so_far.found.size() + 1);
    pass_.before_each({});  // now votes travel with the sums
    bytes_before_ = pass_.costs().bytes_reduced;
  }
  void fit_ended(const StartProgress& so_far, bool is_last) override {
    bytes_a_pass_ =
        (pass_.costs().bytes_reduced - bytes_before_) / static_cast<std::int64_t>(so_far.records.back().passes);
    life_.checkpointing.end_fit(so_far, is_last);
  }
  void search_ended(const StartProgress& so_far) override {
    life_.checkpointing.keep_ended(so_far);
    life_.reporter.searched(so_far.records.size(), so_far.records.back());
  }
  void between() override {
    if (life_.checkpointing.possible()) agree(pass_.comm(), [&] { life_.checkpointing.leave_before_search(); });
  }
  void phase(const std::string& what) override { life_.reporter.phase(what); }
  void tell(const std::string& sentence) override {
    life_.reporter.finish();
    say(pass_.comm(), life_.plan.arguments, sentence);
  }

  /// Of the last fit.
  [[nodiscard]] std::int64_t bytes_a_pass() const { return bytes_a_pass_; }

 private:
  RowPass<Row>& pass_;
  Life& life_;
  std::int64_t bytes_before_ = 0, bytes_a_pass_ = 0;
};

/// The fit that is asked for, or that is chosen.
template <class Row>
Selected<Row> found_fit(RowPass<Row>& pass, Starts<Row>& starts, const Checkpoint* before, Life& life) {
  const FitPlan& plan = life.plan;
  const Followers followers{life.reporter, life.checkpointing, starts};
  const std::string& source = plan.arguments.checkpoint;
  if (!plan.arguments.scan)
    return {best_fit(plan.options, pass, life.rows->scaling, followers, before, source), plan.options, {}};
  ScanReport report(pass.comm(), plan, life.reporter, life.checkpointing);
  return select(plan.options, *plan.arguments.scan, pass, life.rows->scaling, followers, report, before, source);
}

/// Starts or goes on, fits and writes; false, and nothing done, where rows of this type cannot hold the distances.
template <class Row>
bool fit_rows(RowPass<Row>& pass, Life& life) {
  FitPlan& plan = life.plan;
  Checkpointing& checkpointing = life.checkpointing;
  const Checkpoint* const before = life.before ? &*life.before : nullptr;
  if (checkpointing.possible())
    pass.before_each([&] { agree(pass.comm(), [&] { checkpointing.leave_if_asked("looking for a start"); }); });
  if (!holds_distances(plan, pass, plan.options.start.arrays.empty() && before == nullptr)) return false;
  require_seen(pass, plan.options.model, life.rows->feature_names);
  note_rows(*life.rows, plan);
  if (before != nullptr) require_same(before->identity, plan);
  life.reporter.set_data(plan.identity.back().second, pass.summary().total_weight);
  pass.tell_phases([&](const std::string& what) { life.reporter.phase(what); });
  life.seconds.read = life.watch.lap();
  life.reporter.finish();

  warn_of_scales(pass, life);
  checkpointing.keep(plan.identity);
  Starts<Row> starts(pass, life);
  const Selected<Row> found = found_fit(pass, starts, before, life);
  life.reporter.finish();
  life.seconds.fit = life.watch.lap();
  if (const FitResult& result = found.best.result; result.interrupted()) {
    checkpointing.write_stopped(result.state);
    throw checkpointing.stop_error(result);
  }
  write_results(pass, starts.bytes_a_pass(), found, life);
  return true;
}

/// A finished fit whose files are all there, and whose data nobody wrote to since, needs no more than a word.
bool is_done(const Communicator& comm, const FitPlan& plan, const std::optional<Checkpoint>& before) {
  const Arguments& arguments = plan.arguments;
  if (!before || !before->finished || arguments.json || arguments.dry_run) return false;
  if (!same_limits(before->identity, plan) || !all_written(comm, arguments, *before)) return false;
  bool same_inputs = false;
  on_root(comm, [&] { same_inputs = !before->inputs.empty() && before->inputs == plan.inputs; });
  broadcast_object(comm, same_inputs);
  if (!same_inputs) return false;
  say(comm, arguments,
      fmt::format("{}: this fit is finished ({} after {} iterations); {} is there: nothing to do",
                  printable(arguments.checkpoint), before->stop_reason, before->state.n_iterations,
                  printable(arguments.output)));
  return true;
}

/// The plan as the fit that is gone on with had it, which must be this one. Throws Error where it is not.
void go_on_from(const std::optional<Checkpoint>& before, FitPlan& plan) {
  if (!before) return;
  if (!plan.arguments.run->rows.precision && was_float64(*before)) plan.set_precision(Precision::float64);
  if (plan.arguments.run->fit.accelerate == Accelerate::automatic) plan.keep_acceleration(*before);
  require_same(before->identity, plan);
}

/// No file that is written may be one of those that are read.
void check_files(const Communicator& comm, const Arguments& arguments, const std::vector<std::string>& read) {
  for (const char* generation : {"", ".previous"}) {
    std::vector<std::string> written;
    agree(comm, [&] { written = files_written(arguments, generation); });
    require_different_files(comm, written, read);
  }
}

/// From the rows to the results, in the type that holds the rows' distances.
void fit_and_write(const Communicator& comm, FitPlan& plan, Outputs& outputs, Checkpointing& checkpointing,
                   const std::optional<Checkpoint>& before) {
  const Arguments& arguments = plan.arguments;
  Reporter reporter(comm, arguments, fit_digest(plan));
  say(comm, arguments, headline(comm, plan));
  warn_of_crowded_cores(comm, arguments, plan.threads);
  if (before)
    say(comm, arguments,
        fmt::format("continuing from {} after {}", printable(arguments.checkpoint),
                    place_text(before->state, before->starts, before->scan.lines.size())));
  read_ids_of_labels(comm, plan, outputs);
  Life life{plan, outputs, reporter, checkpointing, before};
  const auto fitted = [&] {
    ReadingProgress reading(comm, plan, reporter);
    plan.read.between_slices = [&](std::int64_t n_rows) {
      checkpointing.leave_if_asked("reading");
      reading.go_on(n_rows);
    };
    Rows rows = read_rows(comm, plan.datasets, plan.partition, plan.read);
    check_rows(plan.options, rows.summary);
    read_start_rows(comm, plan.datasets, plan.partition, plan.options.rows.shape.rows, plan.options.model.n_clusters,
                    plan.family().mixture, plan.options.start);
    if (plan.options.scaling.standardize != Standardize::none) reporter.phase("looking for scales");
    scale_for_fit(rows, plan.options.scaling, [&] {
      if (checkpointing.possible()) agree(comm, [&] { checkpointing.leave_if_asked("looking for scales"); });
    });
    life.rows = &rows;
    return on_rows(rows, [&](auto& pass) { return fit_rows(pass, life); });
  };
  if (fitted()) return;
  say(comm, arguments, "note: float32 cannot hold the squares or distances of these values: computing in float64");
  plan.set_precision(Precision::float64);
  check_memory(comm, plan);
  fitted();
}

}  // namespace

void run_fit(const Communicator& comm, const Arguments& arguments) {
  check_files(comm, arguments, files_named(arguments));
  Checkpointing checkpointing(comm, arguments);
  std::optional<Checkpoint> before = checkpointing.find();
  agree_on_target(comm, with_target_of(before, arguments));
  FitPlan plan = make_plan(comm, arguments);
  check_files(comm, arguments, files_read(plan));
  on_root(comm,
          [&] { plan.inputs = state_of_inputs(plan); });  // now: who writes to them while they are read is noticed
  go_on_from(before, plan);
  check_memory(comm, plan);
  if (is_done(comm, plan, before)) return;
  if (arguments.dry_run) {
    const Outputs outputs(comm, arguments, before, "");
    return print_plan(comm, plan);
  }
  // Another life of this fit may still be writing: first it must stop, then what it wrote can be judged.
  before = checkpointing.begin({arguments.output, arguments.labels});
  go_on_from(before, plan);
  if (is_done(comm, plan, before)) return;
  Outputs outputs(comm, arguments, before, checkpointing.mark());
  fit_and_write(comm, plan, outputs, checkpointing, before);
}

}  // namespace shoal::app
