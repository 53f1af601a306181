#include "shoal/run/best_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "shoal/core/error.hpp"
#include "shoal/run/partial_start.hpp"
#include "shoal/run/start_model.hpp"

namespace shoal {
namespace {

constexpr std::size_t n_independent = 2;
constexpr std::size_t n_further = 2;  ///< where these end degenerate

/// Nats a row, or a share of the objective, that a find may lack on a sample and be fitted on all rows all the same.
constexpr double worth_a_fit = 0.01;

double least_of(const Soundness& soundness, double ComponentHealth::*number) {
  double least = std::numeric_limits<double>::infinity();
  for (const ComponentHealth& component : soundness.components) least = std::min(least, component.*number);
  return least;
}

StartRecord record_of(bool on_sample, double objective, double total_weight, double passes,
                      const Soundness& soundness) {
  return {on_sample,
          objective,
          total_weight,
          passes,
          soundness.n_degenerate(),
          least_of(soundness, &ComponentHealth::weight),
          least_of(soundness, &ComponentHealth::spread)};
}

/// In words.
std::string outcome_of(const StartRecord& record) {
  if (!record.exists()) return "nothing found (too few distinct rows?)";
  return fmt::format("{:.8g} per row{} after {:.0f} passes", record.objective / record.total_weight,
                     record.sound() ? "" : " (degenerate)", record.passes);
}

/// The starts, searches and fits of one result.
template <class Row>
class Contest {
 public:
  Contest(const RunOptions& options, RowPass<Row>& pass, const Scaling& scaling, const Followers& followers,
          const FromScan<Row>& scan)
      : options_(options), pass_(pass), followers_(followers), scan_(scan), starter_(options, pass, scaling) {}

  BestFit<Row> run(const Checkpoint* before, const std::string& source) {
    if (before != nullptr) progress() = before->starts;
    if (before != nullptr && before->finished) progress().current = progress().kept;
    const bool searching = searches();
    if (progress().current >= 0) {
      fit_from(starter_.go_on(before->parameters, before->state, source), before->state,
               static_cast<std::size_t>(progress().current));
      if (best_.result.interrupted() || before->finished) return std::move(best_);
    }
    if (searching) search();
    while (std::unique_ptr<Model<Row>> model = next()) {
      fit_from(std::move(model), {}, progress().records.size());
      if (best_.result.interrupted()) return std::move(best_);
    }
    return_to_best();
    return std::move(best_);
  }

 private:
  StartProgress& progress() { return best_.progress; }
  [[nodiscard]] bool minimises() const { return !options_.model.family().mixture; }

  /// Whether there is anything to search for, on a sample that can tell optima apart.
  bool searches() {
    if (options_.search.starts || options_.model.n_clusters == 1) return false;
    const SampleSize size = wanted_sample(options_, pass_);
    sample_rows_ = scan_.sample == nullptr ? size.rows : scan_.sample->summary().n_rows;
    if (size.too_small && progress().records.empty())
      followers_.starts.tell(
          fmt::format("a sample of {} rows is too small for a model of {} parameters: one plain start; --search-rows N "
                      "takes a larger sample, --starts R more starts",
                      size.rows, make_model<Row>(options_.model, starter_.layout())->n_parameters()));
    return !size.too_small;
  }

  /// So many, and one more at a time while all are degenerate, unless in every component: then it is the rows.
  [[nodiscard]] std::size_t n_searches() const {
    const std::size_t usual = n_independent + (scan_.fewer.empty() ? 0 : 1), made = best_.progress.found.size();
    if (made < usual || made >= usual + n_further) return std::max(usual, made);
    const auto hopeless = [&](const StartRecord& record) {
      return !record.exists() || record.sound() ||
             record.n_degenerate >= static_cast<std::int64_t>(options_.model.n_clusters);
    };
    return std::ranges::any_of(std::span(best_.progress.records).first(made), hopeless) ? made : made + 1;
  }

  void search() {
    if (progress().found.size() == n_searches()) return;
    std::optional<Sample<Row>> own;
    if (scan_.sample == nullptr) own = draw_sample(pass_, sample_rows_, options_.start.seed);
    const Sample<Row>& sample = own ? *own : *scan_.sample;
    if (sample.summary().n_rows < static_cast<std::int64_t>(options_.model.n_clusters))
      return followers_.starts.tell(fmt::format(
          "a sample of {} rows is too small for {} clusters: one plain start; --search-rows N takes a larger "
          "sample",
          sample.summary().n_rows, options_.model.n_clusters));
    Search<Row> all(options_.model, starter_.layout(), starter_.moments(), options_.start.seeding, sample,
                    Crew(pass_.comm(), pass_.n_threads()));
    Candidate known;
    if (!progress().found.empty()) known = found_before();
    while (progress().found.size() < n_searches()) {
      const std::size_t number = progress().found.size();
      all.tell_phases([&](const std::string& what) {
        followers_.starts.between();
        followers_.starts.phase(
            fmt::format("search {} of {} on {} rows: {}", number + 1, n_searches(), sample.summary().n_rows, what));
      });
      Candidate found = number == n_independent && !scan_.fewer.empty()
                            ? all.grown(options_.start.seed, number, scan_.fewer, known)
                            : all.run(options_.start.seed, number, known);
      keep(found, sample.summary());
      if (progress().found.size() == 1) known = std::move(found);
    }
  }

  /// The first search, of an earlier run.
  [[nodiscard]] Candidate found_before() const {
    Candidate found;
    found.parameters = best_.progress.found.front();
    found.objective = best_.progress.records.front().objective;
    ComponentHealth degenerate;
    degenerate.small = true;
    found.soundness.components.assign(static_cast<std::size_t>(best_.progress.records.front().n_degenerate),
                                      degenerate);
    return found;
  }

  void keep(const Candidate& found, const DataSummary& sample) {
    const double objective = found.exists() ? found.objective : std::numeric_limits<double>::quiet_NaN();
    progress().records.push_back(record_of(true, objective, sample.total_weight, found.passes, found.soundness));
    progress().found.push_back(found.parameters);
    followers_.starts.tell(fmt::format("search {} of {} on {} rows: {}", progress().records.size(), n_searches(),
                                       sample.n_rows, outcome_of(progress().records.back())));
    followers_.starts.search_ended(progress());
  }

  /// Whether record i is to be preferred to record j, of the same rows.
  [[nodiscard]] bool better(std::size_t i, std::size_t j) {
    const StartRecord &a = progress().records[i], &b = progress().records[j];
    if (a.n_degenerate != b.n_degenerate) return a.n_degenerate < b.n_degenerate;
    return minimises() ? a.objective < b.objective : a.objective > b.objective;
  }

  /// What searches found, the best first.
  std::vector<std::size_t> ranking() {
    std::vector<std::size_t> order(progress().found.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order, [&](std::size_t i) { return progress().found[i].empty(); });
    std::ranges::stable_sort(order, [&](std::size_t i, std::size_t j) { return better(i, j); });
    return order;
  }

  /// Whether another fit on all rows is to come. After searches that is the best find, and the other where this came to
  /// nothing, or where a sample cannot tell which is better.
  bool more() {
    const std::size_t n = progress().n_fits();
    const std::vector<std::size_t> order = ranking();
    if (order.empty()) return n < static_cast<std::size_t>(options_.search.starts.value_or(1));
    if (n == 0 || n >= order.size()) return n == 0;
    return !progress().records.back().sound() || may_be_better(order[n], order[0]);
  }

  std::unique_ptr<Model<Row>> next() {
    if (!more()) return nullptr;
    const std::size_t n = progress().n_fits();
    const std::vector<std::size_t> order = ranking();
    if (order.empty()) {
      const std::string note =
          n == 0 && !options_.start.file.name.empty() ? start_note(options_.model, options_.start) : "";
      if (!note.empty()) followers_.starts.tell(note);
      return starter_.start(seed_of_start(options_.start.seed, n));
    }
    if (n > 0)
      followers_.starts.tell(fmt::format(
          "another find is fitted on all rows, as {}",
          progress().records.back().sound() ? "the sample cannot tell which is better" : "the first ended degenerate"));
    return starter_.at(progress().found[order[n]]);
  }

  /// Whether find i, less good on a sample than find j, may be better on all rows.
  bool may_be_better(std::size_t i, std::size_t j) {
    const StartRecord &a = progress().records[i], &b = progress().records[j];
    if (sample_rows_ >= pass_.summary().rows_used || !a.sound()) return false;
    const double apart = std::abs(a.objective - b.objective) / (minimises() ? b.objective : b.total_weight);
    return apart > same_optimum(minimises()) && apart < worth_a_fit;
  }

  /// Fit number `number` among the records, from its beginning or from where it stood.
  void fit_from(std::unique_ptr<Model<Row>> model, const FitState& state, std::size_t number) {
    progress().current = static_cast<std::int64_t>(number);
    followers_.starts.fit_begins(progress(), [at = model.get()] { return at->parameters(); });
    best_.model = std::move(model);
    best_.result = fit(*best_.model, pass_, options_.fit, followers_.observer, followers_.interruption, state);
    if (best_.result.interrupted()) return;
    progress().current = -1;
    look_at_health();
    std::vector<StartRecord>& records = progress().records;
    const bool is_new = number == records.size();
    if (is_new) records.emplace_back();
    records[number] = record_of(false, best_.result.objective, pass_.summary().total_weight,
                                static_cast<double>(best_.result.n_passes), best_.soundness);
    const auto i = static_cast<std::int64_t>(number);
    if (progress().kept < 0 || progress().kept == i || better(number, static_cast<std::size_t>(progress().kept))) {
      progress().kept = i;
      progress().parameters = best_.model->parameters();
      progress().state = best_.result.state;
    }
    followers_.starts.fit_ended(progress(), !is_new || !more());
    if (const std::int64_t n = options_.search.starts.value_or(1); n > 1 && is_new)
      followers_.starts.tell(fmt::format("start {} of {}: {}", number + 1, n, outcome_of(records[number])));
  }

  void look_at_health() {
    const ModelSize size{best_.model->n_clusters(), best_.model->n_features(), 0};
    best_.soundness = soundness_of(options_.model, size, best_.model->parameters(), best_.result.counts,
                                   starter_.moments(), pass_.summary());
  }

  /// Its last pass once more, where another fit came after it, or an earlier run ended before it wrote anything.
  void return_to_best() {
    if (!best_.model || progress().kept + 1 < static_cast<std::int64_t>(progress().records.size())) {
      best_.model = starter_.go_on(progress().parameters, progress().state, "the best start");
      followers_.starts.fit_begins(progress(), [at = best_.model.get()] { return at->parameters(); });
      Observer nobody;
      best_.result = fit(*best_.model, pass_, options_.fit, nobody, followers_.interruption, progress().state);
      look_at_health();
    }
  }

  const RunOptions& options_;
  RowPass<Row>& pass_;
  Followers followers_;
  const FromScan<Row>& scan_;
  ModelStarter<Row> starter_;
  std::int64_t sample_rows_ = 0;
  BestFit<Row> best_;
};

}  // namespace

template <class Row>
BestFit<Row> best_fit(const RunOptions& options, RowPass<Row>& pass, const Scaling& scaling, const Followers& followers,
                      const Checkpoint* before, const std::string& source, const FromScan<Row>& scan) {
  return Contest<Row>(options, pass, scaling, followers, scan).run(before, source);
}

template <class Row>
SampleSize wanted_sample(const RunOptions& options, const RowPass<Row>& pass) {
  const RowLayout layout = layout_of(pass.source());
  const std::int64_t used = pass.summary().rows_used;
  SampleSize size = sample_size(options.model, used, make_model<Row>(options.model, layout)->n_parameters(),
                                pass.source().row_bytes());
  if (options.search.rows) size = {std::min(used, *options.search.rows), false};
  return size;
}

#define SHOAL_INSTANTIATE(Row)                                                                            \
  template BestFit<Row> best_fit<Row>(const RunOptions&, RowPass<Row>&, const Scaling&, const Followers&, \
                                      const Checkpoint*, const std::string&, const FromScan<Row>&);       \
  template SampleSize wanted_sample<Row>(const RunOptions&, const RowPass<Row>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
