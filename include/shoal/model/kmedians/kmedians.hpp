/// k-medians: J = sum_i w_i min_k ||x_i - m_k||_1, each m_kd the exact median of its cluster's feature d; or, with the
/// geometric centre, J = sum_i w_i min_k ||x_i - m_k||_2 and m_k the geometric median.
#pragma once

#include "shoal/model/kmedians/selection.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

template <class T>
class KMedians final : public Model<T> {
 public:
  KMedians(const ModelOptions& options, std::size_t n_features);

  [[nodiscard]] std::size_t n_clusters() const override { return medians_.rows; }
  [[nodiscard]] std::size_t n_features() const override { return medians_.columns; }
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
  // Layout of the sums: objective, K weights.
  void set_medians(Matrix medians);

  Center center_;
  EmptyCluster empty_cluster_;
  Matrix medians_;
  std::vector<T> origin_;   ///< zeros: medians are values of the data, so nothing is shifted
  std::vector<T> centres_;  ///< K x D, medians rounded to T
  IntegerWeights weights_;
  mutable std::vector<std::int32_t> labels_;  ///< of this rank's rows in the last pass; empty outside a fit
};

}  // namespace shoal
