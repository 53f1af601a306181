/// A fit that can be stopped and gone on with: when its checkpoint is written, and when it is time to stop.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/io/checkpoint_store.hpp"

namespace shoal::app {

/// When this program started.
std::chrono::steady_clock::time_point program_start();

/// --checkpoint: without it nothing here does anything. In this order, which is asserted: find, begin, keep, searches,
/// begin_fit and the passes of each fit, write_stopped or write_finished, end.
class Checkpointing final : public Interruption {
 public:
  Checkpointing(const Communicator& comm, const Arguments& arguments);

  /// What an earlier run left, as --restart asks. Collective. Throws Error(bad_data) under `require` where there is
  /// nothing.
  std::optional<Checkpoint> find();

  /// Collective: this run takes over, and removes what the one before it left half written of `outputs`. Gives what
  /// that one has written, also since `find`; from now on it writes nothing more.
  std::optional<Checkpoint> begin(const std::vector<std::string>& outputs);

  /// Of this run; on rank 0, where it has begun.
  [[nodiscard]] std::string mark() const { return store_ ? store_->mark() : ""; }

  /// Where a signal to stop has come: throws Error(stopped), which says that nothing was to be saved while `doing`
  /// this. Not collective.
  void leave_if_asked(const std::string& doing) const;

  /// The same before a search, also where the time may be over before one like the last has ended. Not collective.
  void leave_before_search();

  /// From here on fits and searches are kept, with this identity.
  void keep(NamedTexts identity);

  /// A fit on all rows begins, with what came before it and the parameters as the function gives them.
  void begin_fit(const StartProgress& so_far, std::function<NamedArrays()> parameters);

  /// It ended, not interrupted. The last one is not kept before its results are written.
  void end_fit(const StartProgress& so_far, bool is_last);

  /// A search, or a fit that others follow, ended: written at once. Not collective.
  void keep_ended(const StartProgress& so_far);

  /// Of select: one of its fits begins, or goes on, and nothing of the one before belongs to it.
  void begin_fit_of_scan();

  /// It ended: written at once. Not collective.
  void fit_of_scan_ended(const ScanProgress& so_far);

  [[nodiscard]] bool possible() const { return store_.has_value(); }
  StopVotes votes() override;
  void before_pass(const FitState& state) override;

  /// Collective. The state of a fit that stopped early. Throws Error(io_failure).
  void write_stopped(const FitState& state);

  /// Collective. A finished fit, its outputs written but not yet under their names. A failure to write is told, no
  /// more; throws Error(io_failure) where another run has taken over, whose outputs they then are, and Error(stopped)
  /// where a signal came while they were written.
  void write_finished(const FitState& state, const std::string& reason, const NamedTexts& outputs,
                      const NamedTexts& inputs);

  /// Collective: throws Error(io_failure) where another run has taken over.
  void require_lease() const;

  /// Collective: outputs have their names.
  void end();

  /// Error(stopped) that says how, for a person.
  [[nodiscard]] Error stop_error(const FitResult& result) const;

  [[nodiscard]] double seconds_writing() const { return seconds_writing_; }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool due(const FitState& state) const;
  [[nodiscard]] bool time_is_short() const;
  [[nodiscard]] Checkpoint checkpoint_of(const FitState& state) const;
  using Place = std::tuple<std::size_t, std::int64_t, std::int64_t>;  ///< fits of a scan before it, fit, pass
  [[nodiscard]] Place place_of(const FitState& state) const;
  [[nodiscard]] std::string saved() const;
  void write(const Checkpoint& checkpoint);
  void try_to_write(const FitState& state);

  const Communicator& comm_;
  const Arguments& arguments_;
  std::optional<CheckpointStore> store_;
  std::optional<std::int64_t> every_iterations_;
  double every_seconds_ = 0;
  std::optional<double> limit_;  ///< seconds after program_start()
  std::string on_disk_;          ///< what the checkpoint that there is holds
  NamedTexts identity_;
  NamedTexts earlier_outputs_;
  StartProgress starts_;
  ScanProgress scan_;
  std::function<NamedArrays()> parameters_;

  Clock::time_point last_write_ = program_start();
  Place last_written_{0, -1, -1};
  Clock::time_point pass_began_ = Clock::now();
  std::optional<Clock::time_point> search_began_;
  double longest_iteration_ = 0, longest_write_ = 0, seconds_writing_ = 0;
  std::int64_t passes_ = 0;
  bool superseded_ = false;
  bool begun_ = false;
};

/// How far an interrupted fit had come: "iteration 7", "2 finished searches".
/// n_fits: of a scan, that had ended.
std::string place_text(const FitState& state, const StartProgress& starts, std::size_t n_fits = 0);

}  // namespace shoal::app
