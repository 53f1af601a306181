#include "shoal/search/search.hpp"

#include <algorithm>
#include <type_traits>

#include "search/breathing.hpp"
#include "search/split_merge.hpp"
#include "shoal/core/random.hpp"

namespace shoal {
namespace {

constexpr std::size_t n_starts = 5;
constexpr ShortFit start_fit{5, 0};
constexpr ShortFit first_fit{200, 1e-5};  ///< of the best start

constexpr std::int64_t least_rows = 4000, rows_a_parameter = 10, least_rows_a_parameter = 3;
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
Candidate Search<Row>::search_mixture(std::uint64_t seed, std::size_t number) const {
  const SampleFits<Row> fits(options_, layout_, moments_, seeding_);
  const SampleFits<Row> parts(options_of_parts(options_), layout_, moments_, seeding_);
  const std::vector<Candidate> starts = crew_.each<Candidate>(n_starts, [&](std::size_t i) {
    return fits.from_draw(sample_, seed_of_start(seed, number * n_starts + i), start_fit);
  });
  Candidate best;
  double passes = 0;
  for (const Candidate& start : starts) {
    passes += start.passes;
    if (better(start, best, false)) best = start;
  }
  if (!best.exists()) return best;
  best = fits.from_parameters(sample_, best.parameters, first_fit);
  best.passes += passes;
  if (!best.exists()) return best;
  return SplitMerge<Row>(fits, parts, sample_, crew_, seed_of_start(seed, number)).improved(std::move(best));
}

template <class Row>
std::vector<Candidate> Search<Row>::run(std::uint64_t seed, std::size_t first, std::size_t last) const {
  std::vector<Candidate> found;
  if (options_.family().mixture) {
    for (std::size_t number = first; number < last; ++number) found.push_back(search_mixture(seed, number));
  } else if constexpr (!std::is_same_v<Row, PackedByte>) {
    const SampleFits<Row> fits(options_, layout_, moments_, seeding_);
    found = crew_.each<Candidate>(
        last - first, [&](std::size_t i) { return breathe(fits, sample_, seed_of_start(seed, first + i)); });
  }
  return found;
}

std::uint64_t seed_of_start(std::uint64_t seed, std::size_t number) {
  if (number == 0) return seed;
  const auto words = random_words(seed, Stream::search, 0, number);
  return (std::uint64_t{words[0]} << 32U) | words[1];
}

SampleSize sample_size(std::int64_t rows_used, std::int64_t n_parameters, std::size_t row_bytes) {
  const std::int64_t wanted = std::max(least_rows, rows_a_parameter * n_parameters);
  const std::int64_t most = std::max<std::int64_t>(1, most_bytes / static_cast<std::int64_t>(row_bytes));
  const std::int64_t rows = std::min({wanted, most, rows_used});
  return {rows, rows < rows_used && rows < least_rows_a_parameter * n_parameters};
}

template class Search<float>;
template class Search<double>;
template class Search<PackedByte>;

}  // namespace shoal
