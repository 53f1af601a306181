/// Components of Bernoulli and categorical mixtures (latent classes): features independent given the component.
///
/// A Bernoulli feature is a categorical one of two levels; they differ in what is stored (one probability a feature
/// against one a level) and share the rest: ln p(x | k) = sum_d ln theta_{k,d,x_d}, each logarithm at least ln 1e-15.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/math/code_kernels.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// Table is the type in which a row's logarithms are added up.
template <class Table>
class DiscreteComponents {
 public:
  using Row = Code;

  /// offsets: D + 1; for bernoulli every feature has two levels.
  DiscreteComponents(const ModelOptions& options, LevelOffsets offsets);

  struct Workspace {
    explicit Workspace(const DiscreteComponents& /*components*/) {}
    std::span<const Code> rows;
    std::size_t n_rows = 0;
  };

  [[nodiscard]] std::size_t n_features() const { return offsets_.size() - 1; }
  [[nodiscard]] std::size_t n_sums() const { return levels() * n_clusters(); }
  [[nodiscard]] static std::size_t tile_rows() { return code_tile_rows; }
  [[nodiscard]] static double log_peak(std::size_t /*k*/) { return 0; }
  [[nodiscard]] static bool can_truncate() { return true; }
  static constexpr bool bounded = true;
  std::size_t load(const RowBlock<Code>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, const ScoreConstants& constants, double* joint) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  [[nodiscard]] double log_prior() const;

  void begin_fit(const RowPass<Code>& /*pass*/, const ColumnMoments& /*moments*/) {}
  void end_fit() {}
  void start(const std::vector<Code>& /*seeds*/) {}
  void maximise_start(std::span<const double> n, std::span<const double> sums);
  [[nodiscard]] bool must_recentre(std::span<const double>, std::span<const double>) const { return false; }
  void recentre(std::span<const double>, std::span<const double>) {}
  void maximise(std::span<const double> n, std::span<const double> sums, Repairs& repairs);
  void reseed(std::size_t k, std::span<const Code> row);
  void remove(const std::vector<std::size_t>& clusters);

  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const;
  [[nodiscard]] std::vector<std::string> warnings() const { return {}; }

 private:
  [[nodiscard]] std::size_t n_clusters() const { return probabilities_.rows; }
  [[nodiscard]] std::size_t levels() const { return static_cast<std::size_t>(offsets_.back()); }
  [[nodiscard]] Range levels_of(std::size_t feature) const { return {offsets_[feature], offsets_[feature + 1]}; }
  void set_from_sums(std::span<const double> sums, std::span<const double> added);
  void set_feature(std::size_t k, std::size_t feature, std::span<const double> sums, double added);
  void check_levels(const NamedArrays& arrays, const Matrix& stored, const std::string& source) const;
  void make_table();

  bool bernoulli_;
  double pseudo_count_;
  LevelOffsets offsets_;
  Matrix probabilities_;      ///< K x levels; bernoulli: level 0 is 1 - level 1
  Matrix log_probabilities_;  ///< levels x K, floored
  std::vector<Table> table_;  ///< the same in the type of the sums
};

}  // namespace shoal
