/// k-means: J = sum_i w_i min_k ||x_i - mu_k||^2 (Lloyd 1982); each mean moves to its cluster's weighted mean.
#pragma once

#include "shoal/model/hard.hpp"
#include "shoal/model/kmeans/exact_sums.hpp"

namespace shoal {

template <class T>
class KMeans final : public HardModel<T> {
 public:
  KMeans(const ModelOptions& options, std::size_t n_features)
      : HardModel<T>(options, n_features, "means", Distance::squared_euclidean), moments_origin_(n_features, T(0)) {}

  [[nodiscard]] Statistics statistics(bool scores_only) const override;

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void detach() override;
  [[nodiscard]] const T* moments_origin() const override { return moments_origin_.data(); }
  [[nodiscard]] bool needs_labels() const override { return sums_.usable(); }
  void rows_moved(const T* rows, std::span<const RowMove> moves) const override;
  void forget_rows() override;
  [[nodiscard]] Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const override;
  [[nodiscard]] std::vector<T> choose_origin(const Matrix& centres) const override { return origin_of<T>(centres); }

 private:
  std::vector<T> moments_origin_;  ///< of the fit's rows: between the least and greatest values
  mutable ExactSums<T> sums_;      ///< unusable: the pass adds up the rows anew
};

}  // namespace shoal
