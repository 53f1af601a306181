/// k-medians: J = sum_i w_i min_k ||x_i - m_k||_1, each m_kd the exact median of its cluster's feature d; or, with the
/// geometric centre, J = sum_i w_i min_k ||x_i - m_k||_2 and m_k the geometric median.
#pragma once

#include "shoal/model/hard.hpp"
#include "shoal/model/kmedians/selection.hpp"

namespace shoal {

enum class Center { median, geometric };
template <>
inline constexpr auto names_of<Center> = names("median", "geometric");

struct KMediansOptions {
  Center center = Center::median;
};

template <class T>
class KMedians final : public HardModel<T> {
 public:
  KMedians(const ModelOptions& options, std::size_t n_features);

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void detach() override;
  [[nodiscard]] Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const override;
  /// Zero: medians are values of the data, so nothing is shifted.
  [[nodiscard]] std::vector<T> choose_origin(const Matrix& centres) const override;

 private:
  Center center_;
  IntegerWeights weights_;
  mutable MedianSearch<T> search_;  ///< remembers where the medians were, which changes no result
};

}  // namespace shoal
