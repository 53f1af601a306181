/// Good optima at the price of one fit: searches on a sample of the rows, the best of which is then fitted on all.
///
/// One start of EM or Lloyd ends in an optimum that ten starts would better on most data. Here starts, splits, and
/// clusters that go are tried on some thousands of rows, which every rank holds.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/core/phases.hpp"
#include "shoal/init/start.hpp"
#include "shoal/pass/crew.hpp"
#include "shoal/search/candidate.hpp"
#include "shoal/search/sample.hpp"

namespace shoal {

/// Searches that differ in nothing but their draws: each gives the same bits for any crew.
/// Some short starts, the best of them improved by moves: one cluster is split, another goes.
template <class Row>
class Search {
 public:
  /// `moments` of all rows; `sample` outlives it.
  Search(const ModelOptions& options, const RowLayout& layout, const ColumnMoments& moments, Seeding seeding,
         const Sample<Row>& sample, const Crew& crew);

  void tell_phases(Phases phases) { phases_ = std::move(phases); }

  /// Search number `number` of this seed, which ends early where it comes to what an earlier one found. Collective.
  [[nodiscard]] Candidate run(std::uint64_t seed, std::size_t number, const Candidate& known = {}) const;

  /// The same from a fit of fewer clusters, whose components that gain most by it are split; where none can
  /// be, as run does. Collective.
  [[nodiscard]] Candidate grown(std::uint64_t seed, std::size_t number, const NamedArrays& fewer,
                                const Candidate& known = {}) const;

 private:
  ModelOptions options_;
  RowLayout layout_;
  ColumnMoments moments_;
  Seeding seeding_;
  const Sample<Row>& sample_;
  Crew crew_;
  Phases phases_;
};

/// How near two results of searches come that have the same optimum: nats per row, or a share of the objective.
double same_optimum(bool minimises);

/// The seed of start or search number i; that of number 0 is the given one.
std::uint64_t seed_of_start(std::uint64_t seed, std::size_t number);

/// Rows that a sample should have, of row_bytes each. @param n_parameters free ones of the model
struct SampleSize {
  std::int64_t rows = 0;
  bool too_small = false;  ///< more would be needed to tell optima apart, and memory forbids
};
SampleSize sample_size(const ModelOptions& options, std::int64_t rows_used, std::int64_t n_parameters,
                       std::size_t row_bytes);

}  // namespace shoal
