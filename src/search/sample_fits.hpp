// Fits on a sample, each by the thread that asks for it.
#pragma once

#include "shoal/fit/fit.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/search/candidate.hpp"
#include "shoal/search/sample.hpp"

namespace shoal {

/// When a short fit ends: after so many steps, or when one changes the objective by less than `change`, per unit of
/// weight (mixtures), or as a share of it.
struct ShortFit {
  std::int64_t steps;
  double change;
};

/// What all fits of a search have in common: the model, but for K, and the scales of all rows.
template <class Row>
class SampleFits {
 public:
  SampleFits(const ModelOptions& options, const RowLayout& layout, const ColumnMoments& moments, Seeding seeding);

  [[nodiscard]] const ModelOptions& options() const { return options_; }
  [[nodiscard]] const Family& family() const { return options_.family(); }
  [[nodiscard]] bool minimises() const { return !family().mixture; }
  [[nodiscard]] std::size_t n_features() const { return layout_.n_features; }
  [[nodiscard]] const SeedSpace<Row>& space() const { return space_; }

  /// A model that is not to be fitted.
  [[nodiscard]] std::unique_ptr<Model<Row>> fixed(const NamedArrays& parameters) const;

  /// From parameters of any K. Nothing where they lead nowhere.
  [[nodiscard]] Candidate from_parameters(const Sample<Row>& rows, const NamedArrays& start,
                                          const ShortFit& limits) const;

  /// From K seeds and the labels that go with them.
  [[nodiscard]] Candidate from_seeds(const Sample<Row>& rows, const Seeds<Row>& seeds, std::size_t n_clusters,
                                     const ShortFit& limits) const;

  /// From rows drawn as the options of the start say.
  [[nodiscard]] Candidate from_draw(const Sample<Row>& rows, std::uint64_t seed, const ShortFit& limits) const;

 private:
  [[nodiscard]] std::unique_ptr<Model<Row>> model(std::size_t n_clusters) const;
  Candidate run(Model<Row>& model, const RowPass<Row>& pass, const ShortFit& limits) const;

  ModelOptions options_;
  RowLayout layout_;
  ColumnMoments moments_;
  Seeding seeding_;
  SeedSpace<Row> space_;
};

}  // namespace shoal
