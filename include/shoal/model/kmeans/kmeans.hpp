/// k-means: J = sum_i w_i min_k ||x_i - mu_k||^2 (Lloyd 1982); each mean moves to its cluster's weighted mean.
#pragma once

#include <memory>

#include "shoal/data/tile.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

template <class T>
class KMeans final : public Model<T> {
 public:
  KMeans(const ModelOptions& options, std::size_t n_features);

  [[nodiscard]] std::size_t n_clusters() const override { return means_.rows; }
  [[nodiscard]] std::size_t n_features() const override { return means_.columns; }
  void start(const std::vector<T>& seeds, std::span<const std::int32_t> labels, const RowPass<T>& pass) override;
  [[nodiscard]] NamedArrays parameters() const override;
  void set_parameters(const NamedArrays& arrays, const std::string& source) override;
  void begin_fit(const RowPass<T>& pass, const ColumnMoments& moments) override;
  [[nodiscard]] Statistics statistics(bool scores_only) const override;
  void expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const override;
  [[nodiscard]] double objective(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override;
  bool maximise(const Statistics& sums, const RowPass<T>& pass) override;
  [[nodiscard]] std::int64_t n_parameters() const override;

 private:
  // Layout of the sums: objective, K weights, K x D sums of w (x - origin).
  void set_means(Matrix means);

  EmptyCluster empty_cluster_;
  Matrix means_;
  std::vector<T> origin_;   ///< D, see origin_of
  std::vector<T> centres_;  ///< K x D, means less origin
};

}  // namespace shoal
