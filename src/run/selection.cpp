#include "shoal/run/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "shoal/core/contract.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/bivariate.hpp"
#include "shoal/fit/silhouette.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/run/fitted.hpp"
#include "shoal/run/health.hpp"
#include "shoal/search/sample.hpp"

namespace shoal {
namespace {

constexpr double most_left = 0.1;  ///< nats, in all: below what differences of BIC mean

/// Tells nothing, and is not interrupted.
struct Alone {
  Observer observer;
  Interruption interruption;
  StartObserver starts;
  [[nodiscard]] Followers followers() { return {observer, interruption, starts}; }
};

/// The fits of a scan.
template <class Row>
class Scan {
 public:
  Scan(const RunOptions& options, const ScanOptions& scan, RowPass<Row>& pass, const Scaling& scaling,
       const Followers& followers, ScanObserver& observer)
      : options_(options), scan_(scan), pass_(pass), scaling_(scaling), followers_(followers), observer_(observer) {
    std::optional<double>& tolerance = options_.fit.tolerance;
    if (options_.model.family().mixture) tolerance = std::min(*tolerance, most_left / pass.summary().total_weight);
  }

  Selected<Row> run(const Checkpoint* before, const std::string& source) {
    if (before != nullptr) progress_ = before->scan;
    if (progress_.lines.size() < scan_.n_fits()) prepare();
    while (progress_.lines.size() < scan_.n_fits()) {
      const std::size_t number = progress_.lines.size();
      RunOptions options = options_of_fit(options_, scan_, number);
      observer_.fit_begins(number, options);
      const FromScan<Row> shared{sample_ ? &*sample_ : nullptr, fewer(number)};
      try {
        BestFit<Row> best =
            best_fit(options, pass_, scaling_, followers_, std::exchange(before, nullptr), source, shared);
        if (best.result.interrupted()) return {std::move(best), std::move(options), {}};
        note(best, options);
      } catch (const Error& error) {  // on all ranks the same
        if (error.code() != ExitCode::usage && error.code() != ExitCode::bad_data) throw;
        note_failure(error, options);
      }
      observer_.fit_ended(progress_);
    }
    return chosen();
  }

 private:
  /// The sample that all searches share, and what one cluster comes to.
  void prepare() {
    if (!options_.model.family().mixture) {
      RunOptions one = options_;
      one.model.n_clusters = 1;
      one.search.starts = 1;
      one.fit = {};
      one.fit.tolerance = 0;
      Alone alone;
      of_one_ = best_fit(one, pass_, scaling_, alone.followers()).result.objective;
    }
    if (options_.search.starts) return;
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < scan_.n_fits(); ++i) {
      const RunOptions options = options_of_fit(options_, scan_, i);
      if (options.model.n_clusters > 1) rows = std::max(rows, wanted_sample(options, pass_).rows);
    }
    if (rows > 0) sample_.emplace(draw_sample(pass_, rows, options_.start.seed));
  }

  /// Where the fit before was one of fewer clusters and of the same kind, its parameters.
  [[nodiscard]] NamedArrays fewer(std::size_t number) const {
    return number % scan_.clusters.size() == 0 ? NamedArrays{} : progress_.last;
  }

  void note(const BestFit<Row>& best, const RunOptions& options) {
    const ModelFile file = model_file(best, options, pass_, {}, scaling_);
    ScanLine line = line_of(options);
    line.n_clusters = static_cast<std::int64_t>(best.model->n_clusters());
    line.objective = file.objective;
    line.n_iterations = file.n_iterations;
    line.n_passes = file.n_passes;
    line.sound = best.soundness.sound();
    line.converged = best.result.converged();
    if (file.is_mixture)
      note_likelihood(file, best.result, line);
    else
      note_distances(best, line);
    const std::size_t number = progress_.lines.size();
    progress_.lines.push_back(line);
    progress_.last = best.progress.parameters;
    progress_.kept.push_back({static_cast<std::int64_t>(number), best.progress});
    for (NamedArrays& found : progress_.kept.back().starts.found) found.clear();
    std::erase_if(progress_.kept, [&](const KeptFit& fit) {
      return !may_be_chosen(progress_.lines, static_cast<std::size_t>(fit.line), scan_.criterion);
    });
  }

  /// A number of clusters that the rows do not bear is no reason to lose the other fits.
  void note_failure(const Error& error, const RunOptions& options) {
    ScanLine line = line_of(options);
    line.converged = line.sound = false;
    line.failure = error.what();
    followers_.starts.tell("no fit: " + line.failure);
    progress_.lines.push_back(line);
    progress_.last.clear();
  }

  [[nodiscard]] ScanLine line_of(const RunOptions& options) const {
    ScanLine line;
    line.n_clusters = static_cast<std::int64_t>(options.model.n_clusters);
    for (const Option<ModelOptions>& option : options.model.family().options)
      if (option.attribute) line.kind = std::get<std::string>(option.get(options.model));
    return line;
  }

  void note_likelihood(const ModelFile& file, const FitResult& result, ScanLine& line) const {
    line.log_likelihood = file.log_likelihood;
    line.n_parameters = file.n_parameters;
    line.bic = file.bic;
    line.aic = file.aic;
    line.icl = file.icl.value;
    line.entropy_r2 = file.entropy_r2.value;
    line.remaining_gain = result.stop_reason == StopReason::fixed_point ? 0 : result.remaining_gain;
    line.converged = line.converged || line.remaining_gain < most_left;
  }

  void note_distances(const BestFit<Row>& best, ScanLine& line) const {
    line.silhouette = simplified_silhouette(*best.model, pass_, best.result.counts);
    line.calinski_harabasz =
        calinski_harabasz(of_one_, best.result.objective, pass_.summary().total_weight, best.model->n_clusters());
  }

  /// Its last pass once more: another fit came after it, or an earlier run made it.
  Selected<Row> chosen() {
    if constexpr (std::is_same_v<Row, PackedByte>)
      if (const std::size_t cells = table_cells(pass_.source().coding.offsets()); cells > most_table_cells)
        followers_.starts.tell(
            fmt::format("note: no bivariate residuals: the tables of all pairs of features have {} cells, more than {}",
                        cells, most_table_cells));
    note_elbow(progress_.lines);
    const std::size_t number = choose(progress_.lines, scan_.criterion);
    if (progress_.lines[number].failed())
      throw Error(ExitCode::usage, "no fit could be made; the last: " + progress_.lines.back().failure);
    progress_.lines[number].chosen = true;
    const auto kept = std::ranges::find(progress_.kept, static_cast<std::int64_t>(number), &KeptFit::line);
    expects(kept != progress_.kept.end(), "the fit that is chosen was kept");
    Checkpoint finished;
    finished.finished = true;
    finished.starts = kept->starts;
    finished.parameters = kept->starts.parameters;
    finished.state = kept->starts.state;
    RunOptions options = options_of_fit(options_, scan_, number);
    observer_.fit_begins(scan_.n_fits(), options);
    Observer nobody;
    BestFit<Row> best = best_fit(options, pass_, scaling_, {nobody, followers_.interruption, followers_.starts},
                                 &finished, "the fit that is chosen");
    return {std::move(best), std::move(options), {to_string(scan_.criterion), progress_.lines}};
  }

  RunOptions options_;
  const ScanOptions& scan_;
  RowPass<Row>& pass_;
  const Scaling& scaling_;
  Followers followers_;
  ScanObserver& observer_;
  ScanProgress progress_;
  std::optional<Sample<Row>> sample_;
  double of_one_ = 0;  ///< objective of one cluster; hard models
};

OptionValue list_of(const std::vector<std::size_t>& numbers) {
  return std::vector<long double>(numbers.begin(), numbers.end());
}

}  // namespace

const Option<ModelOptions>* kind_option(const Family& family) {
  if (!family.mixture) return nullptr;
  const auto found = std::ranges::find(family.options, true, &Option<ModelOptions>::attribute);
  return found == family.options.end() ? nullptr : &*found;
}

void check_scan(const ScanOptions& scan, const Family& family) {
  if (is_of_mixtures(scan.criterion) != family.mixture)
    throw Error(ExitCode::usage,
                fmt::format("--criterion {}: does not apply to {}; take {}", to_string(scan.criterion), family.name,
                            family.mixture ? "bic, aic or icl" : "elbow, silhouette or calinski-harabasz"));
  if (scan.criterion == Criterion::elbow && scan.clusters.size() < 3)
    throw Error(ExitCode::usage,
                fmt::format("--criterion elbow: -k {}: an elbow needs three numbers of clusters or more; give more",
                            scan.clusters_text));
}

RunOptions options_of_fit(const RunOptions& options, const ScanOptions& scan, std::size_t number) {
  RunOptions one = options;
  one.model.n_clusters = scan.clusters[number % scan.clusters.size()];
  if (!scan.kinds.empty())
    expects(kind_option(options.model.family())->set(one.model, scan.kinds[number / scan.clusters.size()]),
            "a kind that was looked at");
  return one;
}

NamedTexts scan_texts(const ScanOptions& scan) {
  NamedTexts texts = {{"clusters", toml_text(list_of(scan.clusters))}};
  std::string kinds;
  for (const std::string& kind : scan.kinds) kinds += (kinds.empty() ? "" : ", ") + toml_text(kind);
  if (!scan.kinds.empty()) texts.emplace_back(scan.kind_option, scan.kinds.size() == 1 ? kinds : "[" + kinds + "]");
  texts.emplace_back("criterion", toml_text(to_string(scan.criterion)));
  return texts;
}

template <class Row>
Selected<Row> select(const RunOptions& options, const ScanOptions& scan, RowPass<Row>& pass, const Scaling& scaling,
                     const Followers& followers, ScanObserver& observer, const Checkpoint* before,
                     const std::string& source) {
  return Scan<Row>(options, scan, pass, scaling, followers, observer).run(before, source);
}

template <class Row>
ModelFile selected_file(const Selected<Row>& selected, const ScanOptions& scan, const RowPass<Row>& pass,
                        const FeatureNames& names, const Scaling& scaling) {
  ModelFile file = model_file(selected.best, selected.options, pass, names, scaling);
  file.options += "\n[select]\n";
  for (const auto& [name, value] : scan_texts(scan)) file.options.append(name).append(" = ").append(value).append("\n");
  file.scan = selected.table;
  if constexpr (std::is_same_v<Row, PackedByte>)
    if (const Matrix residuals = bivariate_residuals(file.parameters, pass); residuals.rows > 0)
      file.health.push_back({bivariate_array, {residuals.rows, residuals.columns}, residuals.values});
  return file;
}

#define SHOAL_INSTANTIATE(Row)                                                                                         \
  template Selected<Row> select<Row>(const RunOptions&, const ScanOptions&, RowPass<Row>&, const Scaling&,             \
                                     const Followers&, ScanObserver&, const Checkpoint*, const std::string&);          \
  template ModelFile selected_file(const Selected<Row>&, const ScanOptions&, const RowPass<Row>&, const FeatureNames&, \
                                   const Scaling&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
