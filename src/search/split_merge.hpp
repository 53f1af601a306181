// Better optima of a mixture, by moves that EM cannot make: one component is split, another goes (Ueda, Nakano,
// Ghahramani & Hinton 2000: split and merge EM; here the one that goes is not merged, but left to the others).
#pragma once

#include <cstdint>
#include <vector>

#include "search/component_lines.hpp"
#include "search/sample_fits.hpp"
#include "shoal/pass/crew.hpp"

namespace shoal {

template <class Row>
class SplitMerge {
 public:
  SplitMerge(const SampleFits<Row>& fits, const SampleFits<Row>& parts, const Sample<Row>& sample, const Crew& crew,
             std::uint64_t seed);

  /// The best that rounds of moves from this one find: each round tries the most promising, takes the first that
  /// succeeds, and two rounds in vain end it. Collective.
  Candidate improved(Candidate from);

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
    double promise;
  };

  [[nodiscard]] Analysis analyse(const Candidate& from) const;
  [[nodiscard]] std::vector<double> losses(const Candidate& from, std::vector<double> loss) const;
  [[nodiscard]] Split split(const Candidate& from, const Analysis& analysis, std::size_t k, std::uint32_t draw) const;
  [[nodiscard]] Seeds<Row> two_seeds(const Sample<Row>& rows, std::size_t k, std::uint32_t step) const;
  [[nodiscard]] std::vector<Split> best_splits(const Candidate& from, const Analysis& analysis, double& passes) const;
  [[nodiscard]] std::vector<Move> moves(const std::vector<double>& loss, const std::vector<Split>& splits) const;
  [[nodiscard]] NamedArrays moved(const Candidate& from, const Move& move, const Split& split) const;
  [[nodiscard]] Candidate tried(const Candidate& from, const NamedArrays& start) const;
  bool round(Candidate& best);

  const SampleFits<Row>& fits_;
  const SampleFits<Row>& parts_;  ///< of one or two components, which learn their weights
  const Sample<Row>& sample_;
  const Crew& crew_;
  ComponentLines lines_;
  std::uint64_t seed_;
  std::uint32_t round_ = 0;
};

}  // namespace shoal
