/// Components of Bernoulli and categorical mixtures (latent classes): features independent given the component.
///
/// A Bernoulli feature is a categorical one of two levels; they differ in what is stored (one probability a feature
/// against one per level) and share the rest: ln p(x | k) = sum_d ln theta_{k,d,x_d}, each logarithm at least ln 1e-15.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/row_coding.hpp"
#include "shoal/math/code_kernels.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

struct DiscreteOptions {
  double pseudo_count = 0;  ///< added to every level: the prior Beta or Dirichlet(1 + pseudo_count)
};

/// Rows are scored a symbol of several features at a time, by table; sums go through the same table backwards, a block
/// at a time. Table is the type in which the lines of a row are added up.
template <class Table>
class DiscreteComponents {
 public:
  using Row = PackedByte;
  using Real = Table;
  using Step = std::span<const double>;  ///< the sums are all

  /// Of the family bernoulli every feature has two levels.
  DiscreteComponents(const ModelOptions& options, const RowCoding& coding);

  /// Scratch of one thread. The buckets gather the weights of a block, one line a symbol.
  struct Workspace {
    explicit Workspace(const DiscreteComponents& components);
    std::size_t n_rows = 0;
    std::vector<std::uint16_t> symbols;  ///< fields x tile_rows
    std::vector<Table> scores;           ///< tile_rows lines
    std::vector<double> weights;         ///< tile_rows lines
    std::vector<double> buckets;
    std::vector<double> levels;  ///< lines of one feature
    bool buckets_used = false;
    // Bernoulli rows of few components each go by their bits instead.
    const PackedByte* bits = nullptr;
    std::vector<double> ones;   ///< K x 8 row bytes
    std::vector<double> taken;  ///< K
  };

  [[nodiscard]] std::size_t n_features() const { return coding_.n_features(); }
  [[nodiscard]] std::size_t n_sums() const { return levels() * n_clusters(); }
  /// Many, as each tile reads all tables from a far cache, but no more than keep a tile's own numbers in a near one.
  [[nodiscard]] std::size_t tile_rows() const { return n_clusters() <= 32 ? 256 : 128; }
  [[nodiscard]] static double log_peak(std::size_t /*k*/) { return 0; }
  [[nodiscard]] static double log_most(std::size_t /*k*/) { return 0; }
  [[nodiscard]] static bool can_truncate() { return true; }
  static constexpr bool bounded = true;
  std::size_t load(const RowBlock<PackedByte>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, const ScoreConstants& constants, double* joint) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  void finish(Workspace& workspace, double* sums) const;
  [[nodiscard]] double log_prior() const;

  void begin_fit(const RowPass<PackedByte>& pass, const ColumnMoments& moments);
  void end_fit() {}
  [[nodiscard]] static int start_steps() { return 1; }
  void start(const std::vector<PackedByte>& /*seeds*/) {}
  [[nodiscard]] static Step step(std::span<const double> /*n*/, std::span<const double> sums) { return sums; }
  void maximise_start(std::span<const double> n, Step sums);
  [[nodiscard]] static bool must_recentre(Step /*sums*/) { return false; }
  void recentre(Step /*sums*/) {}
  bool maximise(std::span<const double> n, Step sums, Repairs& repairs);
  void reseed(std::size_t k, std::span<const PackedByte> row);
  void remove(const std::vector<std::size_t>& clusters);

  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const;
  [[nodiscard]] std::vector<std::string> warnings(const FeatureNames& names) const;

 private:
  [[nodiscard]] std::size_t n_clusters() const { return probabilities_.rows; }
  [[nodiscard]] std::size_t levels() const { return static_cast<std::size_t>(coding_.offsets().back()); }
  [[nodiscard]] Range levels_of(std::size_t feature) const {
    return {coding_.offsets()[feature], coding_.offsets()[feature + 1]};
  }
  [[nodiscard]] SymbolTile tile_of(const Workspace& workspace) const;
  [[nodiscard]] bool by_bits() const { return bernoulli_ && coding_.is_bits(); }
  void add_ones(Workspace& workspace, double* sums) const;
  void fold_group(std::size_t group, Workspace& workspace, double* sums) const;
  void set_from_sums(std::span<const double> sums, std::span<const double> added);
  void set_feature(std::size_t k, std::size_t feature, std::span<const double> sums, double added);
  void make_table();
  [[nodiscard]] std::string unused_levels(std::size_t feature, const FeatureNames& names) const;

  bool bernoulli_;
  double pseudo_count_;
  RowCoding coding_;
  std::vector<bool> occurs_;  ///< each level, in rows of the fit that have weight; of bernoulli both always
  Matrix probabilities_;      ///< K x levels; bernoulli: level 0 is 1 - level 1
  Matrix log_probabilities_;  ///< levels x K, floored
  std::vector<Table> table_;  ///< a line a symbol: the sum of a symbol's logarithms, rounded once
};

}  // namespace shoal
