#include "shoal/search/search.hpp"

#include <algorithm>
#include <type_traits>

#include "search/split_merge.hpp"
#include "shoal/core/random.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// Some short starts, and how far the best of them goes on.
struct Beginning {
  std::size_t n_starts;
  ShortFit start, best;
};
constexpr Beginning of_mixtures{5, {5, 0}, {200, 1e-5}}, of_hard_models{3, {3, 0}, {100, 1e-4}};

constexpr std::int64_t least_rows = 4000, rows_a_parameter = 10, least_rows_a_parameter = 3;
/// Hard models, whose objectives lie closer together: with ten a parameter their optima on 20,000 rows fell short by
/// some 0.1 % where K was 30.
constexpr std::int64_t rows_a_cluster = 400;
constexpr std::int64_t most_bytes = std::int64_t{128} << 20U;

/// Options of a component alone, or of two.
ModelOptions options_of_parts(ModelOptions options) {
  options.mixing = Mixing::learned;
  options.n_clusters = 2;
  return options;
}

}  // namespace

template <class Row>
Search<Row>::Search(const ModelOptions& options, const RowLayout& layout, const ColumnMoments& moments, Seeding seeding,
                    const Sample<Row>& sample, const Crew& crew)
    : options_(options), layout_(layout), moments_(moments), seeding_(seeding), sample_(sample), crew_(crew) {}

template <class Row>
Candidate Search<Row>::run(std::uint64_t seed, std::size_t number, const Candidate& known) const {
  const SampleFits<Row> fits(options_, layout_, moments_, seeding_),
      parts(options_of_parts(options_), layout_, moments_, seeding_);
  if (phases_) phases_("starts");
  const Beginning& begin = fits.minimises() ? of_hard_models : of_mixtures;
  std::vector<Candidate> starts = crew_.each<Candidate>(begin.n_starts, [&](std::size_t i) {
    return fits.from_draw(sample_, seed_of_start(seed, number * begin.n_starts + i), begin.start);
  });
  std::ranges::stable_sort(starts, [&](const auto& a, const auto& b) { return better(a, b, fits.minimises()); });
  Candidate best;
  double passes = 0;
  for (const Candidate& start : starts) passes += start.passes;
  for (const Candidate& start : starts) {  // the best of them, unless it leads to a degenerate fit
    if (!start.exists() || (best.exists() && best.soundness.sound())) break;
    Candidate found = fits.from_parameters(sample_, start.parameters, begin.best);
    passes += found.passes;
    if (better(found, best, fits.minimises())) best = std::move(found);
  }
  if (!best.exists()) return best;
  best.passes = passes;
  return SplitMerge<Row>(fits, parts, sample_, crew_, seed_of_start(seed, number))
      .improved(std::move(best), known, phases_);
}

template <class Row>
Candidate Search<Row>::grown(std::uint64_t seed, std::size_t number, const NamedArrays& fewer,
                             const Candidate& known) const {
  const SampleFits<Row> fits(options_, layout_, moments_, seeding_),
      parts(options_of_parts(options_), layout_, moments_, seeding_);
  SplitMerge<Row> moves(fits, parts, sample_, crew_, seed_of_start(seed, number));
  Candidate from;
  from.parameters = fewer;
  while (from.exists() && n_clusters_of(from.parameters) < options_.n_clusters) from = moves.grown(from);
  return from.exists() ? moves.improved(std::move(from), known, phases_) : run(seed, number, known);
}

double same_optimum(bool minimises) { return (minimises ? hard_limits : mixture_limits).least_gain; }

std::uint64_t seed_of_start(std::uint64_t seed, std::size_t number) {
  if (number == 0) return seed;
  const auto words = random_words(seed, Stream::search, 0, number);
  return (std::uint64_t{words[0]} << 32U) | words[1];
}

SampleSize sample_size(const ModelOptions& options, std::int64_t rows_used, std::int64_t n_parameters,
                       std::size_t row_bytes) {
  std::int64_t wanted = std::max(least_rows, rows_a_parameter * n_parameters);
  if (!options.family().mixture)
    wanted = std::max(wanted, rows_a_cluster * static_cast<std::int64_t>(options.n_clusters));
  const std::int64_t most = std::max<std::int64_t>(1, most_bytes / static_cast<std::int64_t>(row_bytes));
  const std::int64_t rows = std::min({wanted, most, rows_used});
  return {rows, rows < rows_used && rows < least_rows_a_parameter * n_parameters};
}

template class Search<float>;
template class Search<double>;
template class Search<PackedByte>;

}  // namespace shoal
