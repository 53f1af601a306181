#include "app/checkpointing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "app/checkpoint_options.hpp"
#include "app/durations.hpp"
#include "app/stop_signals.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/contract.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string signal_text() { return noted_stop_signal().value_or("a signal to another rank"); }

}  // namespace

std::chrono::steady_clock::time_point program_start() {
  static const auto start = std::chrono::steady_clock::now();
  return start;
}

Checkpointing::Checkpointing(const Communicator& comm, const Arguments& arguments)
    : comm_(comm), arguments_(arguments) {
  check_checkpoint_options(arguments);
  if (arguments.checkpoint.empty()) return;
  every_iterations_ = parse_count(arguments.checkpoint_every);
  every_seconds_ = parse_duration(arguments.checkpoint_every).value_or(0);
  agree(comm, [&] {
    if (!arguments.max_time.empty()) limit_ = time_limit(arguments.max_time);
  });
  store_.emplace(comm, arguments.checkpoint, arguments.overwrite);
}

std::optional<Checkpoint> Checkpointing::find() {
  if (!store_) return std::nullopt;
  CheckpointStore::Found found = store_->read();
  if (arguments_.restart == Restart::never) return std::nullopt;
  const bool require = arguments_.restart == Restart::require;
  std::string complaints = fmt::format("{}", fmt::join(found.complaints, "; "));
  comm_.broadcast(complaints);
  if (found.checkpoint) {
    if (!complaints.empty()) warn(comm_, arguments_, complaints + "; continuing from the checkpoint before it");
    return std::move(found.checkpoint);
  }
  if (require)
    throw Error(ExitCode::bad_data, fmt::format("--restart require: no checkpoint to continue from: {}",
                                                complaints.empty() ? store_->name() + " does not exist" : complaints));
  if (!complaints.empty())
    warn(comm_, arguments_, complaints + "; there is nothing to continue from: starting from the beginning");
  return std::nullopt;
}

std::optional<Checkpoint> Checkpointing::begin(const std::vector<std::string>& outputs) {
  if (!store_) return std::nullopt;
  expects(!begun_, "begin: has begun");
  begun_ = true;
  store_->take_lease(outputs);
  if (arguments_.restart == Restart::never) return std::nullopt;
  std::optional<Checkpoint> before = store_->read().checkpoint;
  // The state gone on from is there: written again it would forget that the fit was finished, and what it wrote.
  if (!before) return before;
  starts_ = before->starts;
  scan_ = before->scan;
  on_disk_ = place_text(before->state, starts_, scan_.lines.size());
  last_written_ = {scan_.lines.size(), before->finished ? starts_.kept : starts_.current, before->state.n_passes};
  earlier_outputs_ = before->earlier_outputs;
  for (const auto& output : before->outputs)
    if (std::ranges::find(earlier_outputs_, output) == earlier_outputs_.end()) earlier_outputs_.push_back(output);
  return before;
}

void Checkpointing::leave_if_asked(const std::string& doing) const {
  if (!store_ || !noted_stop_signal()) return;
  throw Error(ExitCode::stopped,
              fmt::format("shoal: stopped by {} while {}, after {}; {}: submit the same command again",
                          *noted_stop_signal(), doing, duration_text(seconds_since(program_start())), saved()));
}

void Checkpointing::leave_before_search() {
  leave_if_asked("searching for a start");
  const auto last = std::exchange(search_began_, Clock::now());
  const double need = 1 + longest_write_ + (last ? std::chrono::duration<double>(*search_began_ - *last).count() : 0);
  if (!limit_ || seconds_since(program_start()) + need < *limit_) return;
  throw Error(ExitCode::stopped,
              fmt::format("shoal: stopped by --max-time {} while searching for a start, after {}; {}: submit the same "
                          "command again",
                          arguments_.max_time, duration_text(seconds_since(program_start())), saved()));
}

std::string Checkpointing::saved() const {
  if (on_disk_.empty()) return "there was nothing to save yet";
  return fmt::format("{} holds {}{}", store_->name(), on_disk_, on_disk_.starts_with("iteration") ? " as before" : "");
}

std::string place_text(const FitState& state, const StartProgress& starts, std::size_t n_fits) {
  const auto counted = [](std::size_t n, const char* one, const char* many) {
    return fmt::format("{} finished {}", n, n == 1 ? one : many);
  };
  if (n_fits > 0) {
    const std::string further = place_text(state, starts);
    return counted(n_fits, "fit", "fits") + (further == place_text({}, {}) ? "" : " and " + further);
  }
  if (state.n_iterations > 0) return fmt::format("iteration {}", state.n_iterations);
  if (starts.n_fits() > 0) return counted(starts.n_fits(), "start", "starts");
  if (!starts.found.empty()) return counted(starts.found.size(), "search", "searches");
  return "iteration 0";
}

void Checkpointing::keep(NamedTexts identity) {
  expects(!store_ || begun_, "keep: begin comes first");
  identity_ = std::move(identity);
}

void Checkpointing::begin_fit(const StartProgress& so_far, std::function<NamedArrays()> parameters) {
  starts_ = so_far;
  parameters_ = std::move(parameters);
}

void Checkpointing::end_fit(const StartProgress& so_far, bool is_last) {
  starts_ = so_far;
  if (is_last) return;
  parameters_ = nullptr;
  keep_ended(so_far);
}

void Checkpointing::keep_ended(const StartProgress& so_far) {
  starts_ = so_far;
  if (!store_) return;
  on_disk_ = place_text({}, so_far, scan_.lines.size());
  if (comm_.is_root()) try_to_write({});
}

void Checkpointing::begin_fit_of_scan() {
  starts_ = {};
  parameters_ = nullptr;
}

void Checkpointing::fit_of_scan_ended(const ScanProgress& so_far) {
  begin_fit_of_scan();
  scan_ = so_far;
  if (!store_) return;
  on_disk_ = place_text({}, {}, scan_.lines.size());
  if (comm_.is_root()) try_to_write({});
}

Checkpoint Checkpointing::checkpoint_of(const FitState& state) const {
  expects(!identity_.empty(), "a checkpoint: keep comes first");
  Checkpoint checkpoint;
  checkpoint.identity = identity_;
  checkpoint.state = state;
  checkpoint.starts = starts_;
  checkpoint.scan = scan_;
  if (parameters_ != nullptr) checkpoint.parameters = parameters_();
  checkpoint.earlier_outputs = earlier_outputs_;
  return checkpoint;
}

void Checkpointing::write(const Checkpoint& checkpoint) {
  const auto start = Clock::now();
  store_->write(checkpoint);
  last_written_ = place_of(checkpoint.state);
  longest_write_ = std::max(longest_write_, seconds_since(start));
  seconds_writing_ += seconds_since(start);
}

Checkpointing::Place Checkpointing::place_of(const FitState& state) const {
  return {scan_.lines.size(), starts_.current, state.n_passes};
}

bool Checkpointing::due(const FitState& state) const {
  if (place_of(state) == last_written_) return false;
  if (every_iterations_) return state.n_iterations > 0 && state.n_iterations % *every_iterations_ == 0;
  return seconds_since(last_write_) >= every_seconds_;
}

void Checkpointing::before_pass(const FitState& state) {
  if (passes_++ > 0) longest_iteration_ = std::max(longest_iteration_, seconds_since(pass_began_));
  pass_began_ = Clock::now();
  if (store_ && comm_.is_root() && due(state)) try_to_write(state);
}

void Checkpointing::try_to_write(const FitState& state) {
  try {
    write(checkpoint_of(state));
  } catch (const Error& error) {
    superseded_ = !store_->holds_lease();
    if (!superseded_)
      tell(fmt::format("shoal: warning: {}; the fit goes on and tries again later, and the previous checkpoint stays\n",
                       error.what()));
  }
  last_write_ = Clock::now();
}

/// Whether the fit must stop now, at the end of this pass, to be on disk in time: the next chance comes an M-step, a
/// whole iteration and another M-step later.
bool Checkpointing::time_is_short() const {
  if (!limit_) return false;
  const double iteration = std::max(longest_iteration_, seconds_since(pass_began_));
  const double need = 2 * iteration + 2 * longest_write_ + 1;
  return seconds_since(program_start()) + need >= *limit_;
}

StopVotes Checkpointing::votes() {
  StopVotes votes{};
  if (!possible()) return votes;
  votes[static_cast<std::size_t>(StopVote::signal)] = noted_stop_signal() ? 1 : 0;
  if (comm_.is_root()) {
    votes[static_cast<std::size_t>(StopVote::time)] = time_is_short() ? 1 : 0;
    votes[static_cast<std::size_t>(StopVote::superseded)] = superseded_ ? 1 : 0;
  }
  return votes;
}

void Checkpointing::write_stopped(const FitState& state) {
  on_root(comm_, [&] {
    if (place_of(state) != last_written_) write(checkpoint_of(state));
    store_->release_lease();
  });
}

void Checkpointing::write_finished(const FitState& state, const std::string& reason, const NamedTexts& outputs,
                                   const NamedTexts& inputs) {
  if (!store_) return;
  std::array<std::int64_t, 1> asked = {noted_stop_signal() ? 1 : 0};
  comm_.maximum(asked);
  if (asked[0] != 0) {
    write_stopped(state);
    throw Error(ExitCode::stopped,
                fmt::format("shoal: stopped by {} while writing the results, after {}; {} is written: the same command "
                            "makes one pass and writes them",
                            signal_text(), duration_text(seconds_since(program_start())), store_->name()));
  }
  on_root(comm_, [&] {
    Checkpoint checkpoint = checkpoint_of(state);
    checkpoint.finished = true;
    checkpoint.stop_reason = reason;
    checkpoint.outputs = outputs;
    checkpoint.inputs = inputs;
    try {
      write(checkpoint);
    } catch (const Error& error) {
      if (!store_->holds_lease()) throw;
      tell(fmt::format("shoal: warning: {}; the fit is finished, but the same command would not know that\n",
                       error.what()));
    }
  });
}

void Checkpointing::require_lease() const {
  if (!store_) return;
  on_root(comm_, [&] {
    if (!store_->mark().empty() && !store_->holds_lease())
      throw Error(ExitCode::io_failure, fmt::format("{}: another run has taken over; this one ends", store_->name()));
  });
}

void Checkpointing::end() {
  if (store_) on_root(comm_, [&] { store_->release_lease(); });
}

Error Checkpointing::stop_error(const FitResult& result) const {
  const std::string cause =
      result.stop_reason == StopReason::signal ? signal_text() : fmt::format("--max-time {}", arguments_.max_time);
  return {ExitCode::stopped,
          fmt::format("shoal: stopped by {} after {} iterations and {}; {} is written: submit the same command again",
                      cause, result.n_iterations + 1, duration_text(seconds_since(program_start())), store_->name())};
}

}  // namespace shoal::app
