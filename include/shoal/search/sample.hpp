/// Some rows that stand for all, the same on every rank, so that searches among them need no reduction.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// A rank's own copy: its passes communicate with nobody, and run in one thread unless told otherwise.
template <class Row>
class Sample {
 public:
  /// Values as held, row-major, one weight per row; noise: of each row, where `like` has it.
  Sample(std::vector<Row> values, std::vector<double> weights, const std::vector<Row>& noise,
         const BlockSource<Row>& like);

  [[nodiscard]] RowPass<Row> pass(int n_threads = 1) const { return {shard_, alone_, n_threads, summary_}; }
  [[nodiscard]] const Shard<Row>& rows() const { return shard_; }
  [[nodiscard]] const DataSummary& summary() const { return summary_; }

  /// Some of its rows, by number, with weights of their own.
  [[nodiscard]] Sample part(const std::vector<std::pair<std::int64_t, double>>& rows) const;

 private:
  Shard<Row> shard_;
  Communicator alone_ = Communicator::self();
  DataSummary summary_;
};

/// About n_rows rows, each drawn with probability in proportion to its weight (once, where that is over 1): a function
/// of seed and global row. A drawn row weighs 1, or its weight as a multiple of what one draw stands for; where n_rows
/// is no less than the rows used, all are taken with their own weights. Collective. @pre Some row has weight.
template <class Row>
Sample<Row> draw_sample(const RowPass<Row>& pass, std::int64_t n_rows, std::uint64_t seed);

}  // namespace shoal
