/// What a person and a script see of a scan.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/checkpointing.hpp"
#include "app/fit_plan.hpp"
#include "app/report.hpp"
#include "shoal/run/selection.hpp"

namespace shoal::app {

/// A line a fit, behind a line of names; the chosen one is marked.
std::string table_of_scan(const ScanTable& table, bool mixture, std::size_t width);

/// The same as an array of objects; numbers that do not apply, or are not known, are left out.
nlohmann::ordered_json json_of_scan(const ScanTable& table, bool mixture);

/// Tells of each fit, logs it and keeps it.
class ScanReport final : public ScanObserver {
 public:
  ScanReport(const Communicator& comm, const FitPlan& plan, Reporter& reporter, Checkpointing& checkpointing)
      : comm_(comm), plan_(plan), reporter_(reporter), checkpointing_(checkpointing) {}

  void fit_begins(std::size_t number, const RunOptions& options) override;
  void fit_ended(const ScanProgress& so_far) override;

 private:
  const Communicator& comm_;
  const FitPlan& plan_;
  Reporter& reporter_;
  Checkpointing& checkpointing_;
};

/// The table, and where it cannot be believed why not.
void tell_of_scan(const Communicator& comm, const FitPlan& plan, const ScanTable& table);

}  // namespace shoal::app
