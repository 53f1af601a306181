// Better optima by moves that neither EM nor Lloyd can make: one cluster is split, another goes (Ueda, Nakano,
// Ghahramani & Hinton 2000, split and merge EM; here the one that goes is not merged, but left to the others).
#pragma once

#include <cstdint>
#include <vector>

#include "search/component_lines.hpp"
#include "search/sample_fits.hpp"
#include "shoal/core/phases.hpp"
#include "shoal/pass/crew.hpp"

namespace shoal {

/// How much is tried. Gains count per unit of weight (mixtures), or as shares of the objective.
struct MoveLimits {
  std::size_t most_tried;  ///< moves of a round
  std::uint32_t draws;     ///< ways to split a component
  ShortFit halves, trial, second_trial, settling;
  double worth_a_second;  ///< what a trial may lack
  double least_gain;      ///< of a success
};

// As they were tried on simulated data: enough for what ten starts find, at their price.
inline constexpr MoveLimits mixture_limits{10, 2, {6, 0}, {12, 1e-5}, {60, 1e-5}, {100, 1e-5}, 0.01, 2e-5};
inline constexpr MoveLimits hard_limits{5, 1, {5, 0}, {5, 1e-4}, {25, 1e-4}, {60, 1e-4}, 0.01, 1e-5};

template <class Row>
class SplitMerge {
 public:
  SplitMerge(const SampleFits<Row>& fits, const SampleFits<Row>& parts, const Sample<Row>& sample, const Crew& crew,
             std::uint64_t seed);

  /// The best that rounds of moves from this one find: each round tries the most promising, takes the first that
  /// succeeds, and two rounds in vain end it; so does arriving where another search ended. Collective.
  Candidate improved(Candidate from, const Candidate& known, const Phases& phases);

  /// As many more components as the model wants, at most twice as many: those whose splits gain most are split. Nothing
  /// where none can be. Collective.
  Candidate grown(const Candidate& from);

 private:
  /// What one pass over the sample tells of each component.
  struct Analysis {
    std::vector<double> loss;                                        ///< nats that its removal would cost
    std::vector<std::vector<std::pair<std::int64_t, double>>> rows;  ///< that belong to it, and how much
    explicit Analysis(std::size_t n_clusters) : loss(n_clusters, 0.0), rows(n_clusters) {}
  };
  /// One component in two.
  struct Split {
    NamedArrays halves;
    double gain = 0;  ///< nats; halves empty: there is none
    double passes = 0;
    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
      archive& halves& gain& passes;
    }
  };
  struct Move {
    std::size_t split, gone;
    bool mends;  ///< the component that goes is degenerate
    double promise;
  };

  [[nodiscard]] Analysis analyse(const Candidate& from) const;
  [[nodiscard]] Analysis analyse_components(const Candidate& from) const;
  [[nodiscard]] Analysis analyse_clusters(const Candidate& from) const;
  [[nodiscard]] std::vector<double> losses(const Candidate& from, std::vector<double> loss) const;
  [[nodiscard]] Split split(const Candidate& from, const Analysis& analysis, std::size_t k, std::uint32_t draw) const;
  [[nodiscard]] Seeds<Row> two_seeds(const Sample<Row>& rows, std::size_t k, std::uint32_t step) const;
  [[nodiscard]] std::vector<Split> best_splits(const Candidate& from, const Analysis& analysis, double& passes) const;
  [[nodiscard]] std::vector<Move> moves(const Candidate& from, const std::vector<double>& loss,
                                        const std::vector<Split>& splits) const;
  [[nodiscard]] NamedArrays moved(const Candidate& from, const Move& move, const Split& split) const;
  void divide(NamedArrays& all, std::size_t k, std::size_t second, const Split& split) const;
  [[nodiscard]] Candidate tried(const Candidate& from, const NamedArrays& start) const;
  [[nodiscard]] bool succeeds(const Candidate& found, const Candidate& best) const;
  [[nodiscard]] bool same_optimum(const Candidate& a, const Candidate& b) const;
  [[nodiscard]] double scale_of(const Candidate& best) const;
  bool round(Candidate& best);

  const SampleFits<Row>& fits_;
  const SampleFits<Row>& parts_;  ///< of one or two components, which learn their weights
  const Sample<Row>& sample_;
  const Crew& crew_;
  ComponentLines lines_;
  std::uint64_t seed_;
  MoveLimits limits_;
  std::uint32_t round_ = 0;
};

}  // namespace shoal
