/// k-means: J = sum_i w_i min_k ||x_i - mu_k||^2 (Lloyd 1982); each mean moves to its cluster's weighted mean.
#pragma once

#include "shoal/model/hard.hpp"
#include "shoal/model/kmeans/exact_sums.hpp"

namespace shoal {

template <class T>
class KMeans final : public HardModel<T> {
 public:
  KMeans(const ModelOptions& options, std::size_t n_features)
      : HardModel<T>(options, n_features, "means", Distance::squared_euclidean) {}

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void detach() override;
  void rows_moved(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) const override;
  void forget_rows() override;
  [[nodiscard]] Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const override;
  [[nodiscard]] std::vector<T> choose_origin(const Matrix& centres) const override { return origin_of<T>(centres); }

 private:
  mutable ExactSums<T> sums_;
};

}  // namespace shoal
