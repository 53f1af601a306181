/// Components of Poisson mixtures: counts, features independent given the component,
///
///   ln p(x | k) = sum_d x_d ln lambda_kd - lambda_kd - ln Gamma(x_d + 1),   each logarithm at least ln 1e-15.
///
/// It is taken apart at the least rates m of each feature: what all components share, x ln m - m - ln Gamma(x + 1), is
/// added up once a row; the rest, x ln(lambda_k / m) - (lambda_k - m), is linear in the row, so that both steps are
/// products of a tile with small matrices (moments.hpp). One large rate costs rows of small counts no digits; a count x
/// costs its own row some x ln x units in the last place.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/math/scatter.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

struct PoissonOptions {
  double pseudo_count = 0;  ///< rows of the overall mean that are added to each component
};

/// T is the type in which rows are multiplied.
template <class T>
class PoissonComponents {
 public:
  using Row = T;
  using Real = T;
  using Step = std::span<const double>;  ///< the sums are all

  PoissonComponents(const ModelOptions& options, std::size_t n_features);

  /// Scratch of one thread, for the tiles of one block.
  struct Workspace {
    explicit Workspace(const PoissonComponents& components);
    std::size_t n_rows = 0;
    std::vector<T> rows;         ///< in groups: counts and, with missing values, whether each was observed
    std::vector<double> shared;  ///< tile_rows: what all components have of a row's log density
    ScatterScratch<T> scatter;
  };

  [[nodiscard]] std::size_t n_features() const { return rates_.columns; }
  /// Of each component D sums w r x and, with missing values, D of the weight behind them.
  [[nodiscard]] std::size_t n_sums() const { return rates_.rows * n_columns(); }
  [[nodiscard]] std::size_t tile_rows() const { return tile_rows_for(rates_.rows, n_columns(), sizeof(T)); }
  [[nodiscard]] static double log_peak(std::size_t /*k*/) { return 0; }
  [[nodiscard]] static double log_most(std::size_t /*k*/) { return 0; }
  [[nodiscard]] static bool can_truncate() { return false; }
  static constexpr bool bounded = false;
  std::size_t load(const RowBlock<T>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, const ScoreConstants& constants, double* joint) const;
  void clear_rows(const double* weight, Workspace& workspace) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  void finish(Workspace& /*workspace*/, double* /*sums*/) const {}
  /// A sum_kd (m_d ln lambda_kd - lambda_kd), m the overall means.
  [[nodiscard]] double log_prior() const;

  void begin_fit(const RowPass<T>& pass, const ColumnMoments& moments);
  void end_fit() { in_fit_ = false; }
  [[nodiscard]] static int start_steps() { return 1; }
  void start(const std::vector<T>& seeds);
  [[nodiscard]] static Step step(std::span<const double> /*n*/, std::span<const double> sums) { return sums; }
  void maximise_start(std::span<const double> n, Step sums);
  [[nodiscard]] static bool must_recentre(Step /*sums*/) { return false; }
  void recentre(Step /*sums*/) {}
  bool maximise(std::span<const double> n, Step sums, Repairs& repairs);
  void reseed(std::size_t k, std::span<const T> row);
  void remove(const std::vector<std::size_t>& clusters);

  /// With a prior also `prior_rates`, the overall means, so that another data set's are not taken when it is scored.
  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const { return static_cast<std::int64_t>(rates_.values.size()); }
  [[nodiscard]] std::vector<std::string> warnings(const FeatureNames& /*names*/) const { return {}; }

 private:
  [[nodiscard]] std::size_t n_columns() const { return n_features() * (missing_ ? 2 : 1); }
  void set_rates(std::span<const double> n, std::span<const double> sums, double added, double added_share);
  void seed_rates(std::size_t k, const T* row);
  void mark_observed(Workspace& workspace) const;
  void prepare();

  bool missing_;  ///< NaN entries are integrated out
  double pseudo_count_;
  Matrix rates_;               ///< K x D
  std::vector<double> means_;  ///< D: overall, by weight
  bool in_fit_ = false;

  // From the rates, by prepare().
  std::vector<double> reference_, log_reference_;  ///< D: m, ln m
  std::vector<T> coefficients_;                    ///< K x columns
  std::vector<double> constants_;                  ///< K
};

}  // namespace shoal
