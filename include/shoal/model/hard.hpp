/// What k-means and k-medians share: a row belongs to its nearest centre, centres follow their rows, empty clusters are
/// repaired.
#pragma once

#include <functional>

#include "shoal/data/tile.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// How far a row is from a centre.
enum class Distance { squared_euclidean, euclidean, manhattan };

/// A model whose E-step is a nearest-centre assignment. Sums begin with the objective and the K cluster weights.
template <class T>
class HardModel : public Model<T> {
 public:
  /// `centres_name`: the array of /parameters.
  HardModel(const ModelOptions& options, std::size_t n_features, std::string centres_name, Distance distance);

  [[nodiscard]] std::size_t n_clusters() const override { return centres_.rows; }
  [[nodiscard]] std::size_t n_features() const override { return centres_.columns; }
  void start(const std::vector<T>& seeds, std::span<const std::int32_t> labels, const RowPass<T>& pass) override;
  [[nodiscard]] NamedArrays parameters() const override;
  void set_parameters(const NamedArrays& arrays, const std::string& source) override;
  [[nodiscard]] double objective(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override;
  bool maximise(const Statistics& sums, const RowPass<T>& pass) override;
  [[nodiscard]] std::int64_t n_parameters() const override;

 protected:
  /// The centres that follow from a pass; a cluster without weight keeps its own.
  [[nodiscard]] virtual Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const = 0;

  /// The point from which rows and centres are measured in T: a function of the centres, or zero.
  [[nodiscard]] virtual std::vector<T> choose_origin(const Matrix& centres) const = 0;

  /// Nearest centre of each row of a block, in order: adds objective and cluster weight, fills the outputs, and calls
  /// `visit(r, label)` for rows of positive weight.
  void assign(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs,
              const std::function<void(std::size_t, std::size_t)>& visit) const;

  [[nodiscard]] const Matrix& centres() const { return centres_; }
  [[nodiscard]] const std::vector<T>& origin() const { return origin_; }

 private:
  void set_centres(Matrix centres);
  std::size_t reseed(Matrix& centres, const std::vector<std::size_t>& empty, const RowPass<T>& pass) const;

  std::string centres_name_;
  Distance distance_;
  EmptyCluster empty_cluster_;
  Matrix centres_;
  std::vector<T> origin_;          ///< D
  std::vector<T> kernel_centres_;  ///< K x D, centres less origin
};

/// Clusters of at most `threshold` weight, in order. Throws Error(bad_data) where the policy is `error`, or where
/// `drop` would leave none.
std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy);

/// `matrix` without the rows in `dropped`.
Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped);

}  // namespace shoal
