// The main command, from files to model: read this first.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "app/checkpointing.hpp"
#include "app/commands.hpp"
#include "app/fit_identity.hpp"
#include "app/fit_plan.hpp"
#include "app/fit_results.hpp"
#include "app/report.hpp"
#include "app/row_checks.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/shard_reader.hpp"
#include "shoal/model/make_model.hpp"
#include "shoal/model/parameter_check.hpp"

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

template <class Row>
std::unique_ptr<Model<Row>> make(ModelOptions options, const Shard<Row>& shard,
                                 const std::optional<Checkpoint>& before) {
  if (before) {  // clusters may have been dropped since
    options.n_clusters = before->n_clusters();
    if (options.mixing == Mixing::given) options.given_weights = find_weights(*before);
  }
  if constexpr (std::is_same_v<Row, PackedByte>)
    return make_discrete_model(options, shard.coding);
  else
    return make_model<Row>(options, shard.n_features);
}

/// A start may leave them out: the data tell them, too.
void add_level_offsets(const RowCoding& coding, const std::string& source, NamedArrays& arrays) {
  const LevelOffsets& offsets = coding.offsets();
  if (const NamedArray* given = find(arrays, "level_offsets")) {
    if (std::ranges::equal(given->values, offsets)) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/level_offsets differ from the levels of the data", source));
  }
  arrays.push_back({"level_offsets", {offsets.size()}, {offsets.begin(), offsets.end()}, true});
}

/// From seeds or a file, or where a checkpoint stands.
template <class Row>
void start(Model<Row>& model, const FitPlan& plan, const RowPass<Row>& pass, const std::optional<Checkpoint>& before) {
  const bool mixture = is_mixture(plan.model.kind);
  const ColumnMoments moments = mixture ? column_moments(pass) : ColumnMoments{};
  model.begin_fit(pass, moments);
  if (before) return model.resume(before->parameters, before->state.repairs, plan.arguments.checkpoint);
  if (!plan.start.empty()) {
    NamedArrays arrays = plan.start;
    if constexpr (std::is_same_v<Row, PackedByte>) add_level_offsets(pass.shard().coding, plan.arguments.init, arrays);
    check_parameters(plan.model, pass.shard().n_features, Completeness::start, plan.arguments.init, arrays);
    return model.set_parameters(arrays, plan.arguments.init);
  }
  const SeedSpace<Row> space(plan.model, moments, pass.shard().coding, pass.shard().n_features);
  const auto seed_rows = plan.arguments.init == "random" ? random_rows<Row> : kmeans_parallel<Row>;
  const Seeds<Row> seeds = seed_rows(pass, space, plan.model.n_clusters, plan.arguments.seed, !mixture);
  model.start(seeds.values, seeds.labels, pass);
}

/// Reads, fits and writes; false, and nothing done, where rows of this type cannot hold the distances.
template <class Row>
bool fit_rows(const Communicator& comm, FitPlan& plan, Outputs& outputs, Reporter& reporter,
              Checkpointing& checkpointing, const std::optional<Checkpoint>& before) {
  const Arguments& arguments = plan.arguments;
  Stopwatch watch;
  Seconds seconds;
  const Shard<Row> shard = read_shard<Row>(comm, plan.datasets, plan.partition, plan.read);
  const DataSummary summary = summarise(comm, shard);
  check_rows(plan, summary);
  RowPass<Row> pass(shard, comm, plan.threads, summary);
  if (checkpointing.possible())
    pass.before_each([&] { agree(comm, [&] { checkpointing.leave_if_asked("looking for a start"); }); });
  if (!holds_distances(plan, pass, plan.start.empty() && !before)) return false;
  if (!arguments.row_weights.empty()) plan.names.row_weights = weights_digest(comm, shard);
  NamedTexts identity = identity_of(plan);
  identity.emplace_back(digest_of_rows, rows_digest(comm, shard.digest));
  if (before) require_same(before->identity, identity, arguments);
  reporter.set_data(identity.back().second);
  seconds.read = watch.lap();

  const std::unique_ptr<Model<Row>> model = make(plan.model, shard, before);
  start(*model, plan, pass, before);
  for (const std::string& warning : model->warnings()) warn(comm, arguments, warning);
  checkpointing.keep(std::move(identity), [&] { return model->parameters(); });
  seconds.start = watch.lap();

  pass.before_each({});  // now votes travel with the sums
  const PassCosts costs_before = pass.costs();
  const FitResult result = fit(*model, pass, plan.fit, reporter, checkpointing, before ? before->state : FitState{});
  reporter.finish();
  seconds.fit = watch.lap();
  if (result.interrupted()) {
    checkpointing.write_stopped(result.state);
    throw checkpointing.stop_error(result);
  }

  const ModelFile file = describe(*model, result, plan, summary);
  write_outputs(comm, outputs, file, result, plan, checkpointing);
  seconds.write = watch.lap();
  seconds.checkpoints = checkpointing.seconds_writing();

  PassCosts costs = pass.costs();
  costs.bytes_reduced -= costs_before.bytes_reduced;
  const nlohmann::ordered_json json = run_json(comm, file, model->repairs(), result, costs, seconds, plan.threads);
  reporter.log_run(json);
  say(comm, arguments, summary_text(file, result, model->repairs(), arguments));
  if (arguments.json) print_result(comm, one_line(json) + "\n");
  return true;
}

/// A finished fit whose files are all there, and whose data nobody wrote to since, needs no more than a word.
bool is_done(const Communicator& comm, const FitPlan& plan, const std::optional<Checkpoint>& before) {
  const Arguments& arguments = plan.arguments;
  if (!before || !before->finished || arguments.json || arguments.dry_run) return false;
  if (!same_limits(before->identity, identity_of(plan)) || !all_written(comm, arguments, *before)) return false;
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
  if (plan.arguments.precision == Precision::automatic && was_float64(*before))
    plan.float32 = plan.model.float32_tables = false;
  require_same(before->identity, identity_of(plan), plan.arguments);
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
  Reporter reporter(comm, arguments, fit_digest(identity_of(plan)));
  say(comm, arguments, headline(comm, plan));
  warn_of_crowded_cores(comm, arguments, plan.threads);
  if (before)
    say(comm, arguments,
        fmt::format("going on from {} after {} iterations", printable(arguments.checkpoint),
                    before->state.n_iterations));
  if (is_discrete(plan.model.kind)) {
    fit_rows<PackedByte>(comm, plan, outputs, reporter, checkpointing, before);
    return;
  }
  if (plan.float32 && fit_rows<float>(comm, plan, outputs, reporter, checkpointing, before)) return;
  if (plan.float32) {
    say(comm, arguments, "note: float32 cannot hold the squares or distances of these values: going on in float64");
    plan.float32 = plan.model.float32_tables = false;
    check_memory(comm, plan);
  }
  fit_rows<double>(comm, plan, outputs, reporter, checkpointing, before);
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
  plan.read.between_slices = [&] { checkpointing.leave_if_asked("reading"); };
  fit_and_write(comm, plan, outputs, checkpointing, before);
}

}  // namespace shoal::app
