/// How far reading has come.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "app/fit_plan.hpp"
#include "app/report.hpp"

namespace shoal::app {

/// Tells it by this rank's share of its rows, as if all ranks were as far.
class ReadingProgress {
 public:
  ReadingProgress(const Communicator& comm, const FitPlan& plan, Reporter& reporter)
      : mine_(std::max<std::int64_t>(1, plan.partition.rows_of_rank(comm.rank(), comm.size()).size())),
        reporter_(reporter) {
    for (const DatasetInfo& dataset : plan.datasets)
      bytes_ += static_cast<double>(dataset.n_rows) * static_cast<double>(dataset.row_bytes());
  }

  /// So many rows come next. Threads may call it at once.
  void go_on(std::int64_t n_rows) {
    const double share = static_cast<double>(rows_.fetch_add(n_rows)) / static_cast<double>(mine_);
    reporter_.phase(fmt::format("reading {} of {}", human_bytes(share * bytes_), human_bytes(bytes_)));
  }

 private:
  std::atomic<std::int64_t> rows_ = 0;
  const std::int64_t mine_;
  double bytes_ = 0;
  Reporter& reporter_;
};

}  // namespace shoal::app
