#include "app/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/durations.hpp"
#include "app/report.hpp"
#include "app/terminal.hpp"

namespace shoal::app {

void ProgressView::phase(const std::string& what) {
  const std::lock_guard lock(mutex_);
  first_.reset();
  if (kind_ == Progress::bar) draw(what, false);
  if (kind_ == Progress::lines) print(what, false);
  pending_.clear();
}

void ProgressView::iteration(const IterationReport& report, double total_weight) {
  if (kind_ == Progress::off) return;
  const std::lock_guard lock(mutex_);
  if (!first_ || report.iteration <= first_->first) first_.emplace(report.iteration, Clock::now());
  const bool is_bar = kind_ == Progress::bar;
  pending_ = is_bar ? bar_text(report, total_weight) : line_text(report);
  if (is_bar)
    draw(pending_, report.iteration == 0);
  else
    print(pending_, verbose_ || report.iteration == 0);
}

void ProgressView::finish() {
  const std::lock_guard lock(mutex_);
  if (!pending_.empty()) kind_ == Progress::bar ? draw(pending_, true) : print(pending_, true);
  if (drawn_) tell(has_iteration_ ? "\n" : "\r" + clear_rest(0) + "\r");
  drawn_ = has_iteration_ = false;
  first_.reset();
}

void ProgressView::print(const std::string& line, bool at_once) {
  const auto now = Clock::now();
  if (!at_once && now - last_ < std::chrono::seconds(2)) return;
  tell(line + "\n");
  pending_.clear();
  last_ = now;
}

void ProgressView::draw(const std::string& line, bool at_once) {
  const auto now = Clock::now();
  if (!at_once && drawn_ && now - last_ < std::chrono::milliseconds(50)) return;
  const std::string shown = line.substr(0, terminal_width() - 1);
  tell("\r" + shown + clear_rest(shown.size()));
  drawn_ = true;
  has_iteration_ = !pending_.empty();
  pending_.clear();
  last_ = now;
}

std::string ProgressView::bar_text(const IterationReport& report, double total_weight) const {
  std::string text =
      fmt::format("iter {}/{}  {:.7g} per row", report.iteration, limit_, report.objective / total_weight);
  const auto [begun, when] = *first_;
  if (report.iteration <= begun) return text;
  const double each =
      std::chrono::duration<double>(Clock::now() - when).count() / static_cast<double>(report.iteration - begun);
  text += fmt::format("  change {:.0e}", report.change);
  if (limit_ > report.iteration)
    text += fmt::format("  {} left at most", rough_duration(each * static_cast<double>(limit_ - report.iteration)));
  return text;
}

std::string ProgressView::line_text(const IterationReport& report) const {
  std::string line = fmt::format("iteration {:4d}  objective {:.12g}  change {:.3e}  {:.3f} s", report.iteration,
                                 report.objective, report.change, report.seconds);
  if (!verbose_) return line;
  line += fmt::format(", {:.3f} s of it updating, {} reduced", report.seconds_updating,
                      human_bytes(static_cast<double>(report.bytes_reduced)));
  if (report.counting_rounds > 0)
    line += fmt::format(", {} counting {}", report.counting_rounds, report.counting_rounds == 1 ? "round" : "rounds");
  return line;
}

}  // namespace shoal::app
