/// Passes over the rows of all ranks. Everything here is collective, and no result depends on ranks or threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/core/phases.hpp"
#include "shoal/core/statistics.hpp"
#include "shoal/data/shard.hpp"

namespace shoal {

/// What passes cost so far, for the log.
struct PassCosts {
  double seconds_communicating = 0;
  std::int64_t bytes_reduced = 0;
  std::int64_t counting_rounds = 0;
};

template <class Row>
class RowPass {
 public:
  using Block = RowBlock<Row>;

  /// The source must outlive the passes. threads >= 1.
  RowPass(const BlockSource<Row>& source, const Communicator& comm, int threads, const DataSummary& summary)
      : source_(source), comm_(comm), threads_(threads), summary_(summary) {}

  /// From here on called before each pass, on all ranks: it may throw an Error on all alike. Empty: no more.
  void before_each(std::function<void()> call) { before_each_ = std::move(call); }

  /// Who is to know what is being done with the rows.
  void tell_phases(Phases phases) { phases_ = std::move(phases); }
  void phase(const std::string& what) const {
    if (phases_) phases_(what);
  }

  /// The sum over all blocks of what `add` puts into a block's statistics, exact across blocks.
  /// `add` runs in several threads at once. `last`, where given, is called once on every rank when its blocks are done,
  /// and may put whole numbers where blocks put nothing.
  Statistics reduce(const SumLayout& layout, const std::function<void(const Block&, Statistics&)>& add,
                    const std::function<void(Statistics&)>& last = {}) const;

  /// Calls `visit` for this rank's blocks, in several threads at once; `thread` is below n_threads().
  void for_each_block(const std::function<void(const Block&, int thread)>& visit) const;

  /// The global rows of the `count` largest scores, largest first, the lower row on ties, and of rows with equal values
  /// and scores only the lowest. `score` fills one number per row of the block; -infinity keeps a row out. Fewer come
  /// back where fewer are eligible.
  std::vector<std::int64_t> largest(std::size_t count,
                                    const std::function<void(const Block&, std::span<double>)>& score) const;

  /// The values of some global rows as held, on every rank, in the order asked.
  std::vector<Row> fetch(const std::vector<std::int64_t>& rows) const;

  /// The same of their noise; empty where rows have none of their own.
  std::vector<Row> fetch_noise(const std::vector<std::int64_t>& rows) const;

  /// fetch of real rows as a matrix of doubles.
  Matrix fetch_matrix(const std::vector<std::int64_t>& rows) const;

  /// Every rank's values in rank order, on every rank.
  template <class Value>
  std::vector<Value> gather(const std::vector<Value>& mine) const {
    return gather_values(comm_, mine);
  }

  /// Exact integer sum over ranks of an array each rank filled.
  void sum(std::span<std::int64_t> values) const;

  /// The same, as a round of counting in the log.
  void sum_counts(std::span<std::int64_t> values) const;

  [[nodiscard]] const BlockSource<Row>& source() const { return source_; }
  [[nodiscard]] const Communicator& comm() const { return comm_; }
  [[nodiscard]] int n_threads() const { return threads_; }
  [[nodiscard]] const DataSummary& summary() const { return summary_; }
  [[nodiscard]] const PassCosts& costs() const { return costs_; }

 private:
  std::vector<Row> fetch_lines(const std::vector<std::int64_t>& rows, std::size_t width,
                               const std::function<const Row*(const Block&)>& lines_of) const;

  const BlockSource<Row>& source_;
  const Communicator& comm_;
  int threads_;
  DataSummary summary_;
  std::function<void()> before_each_;
  Phases phases_;
  mutable PassCosts costs_;
};

}  // namespace shoal
