/// k-medians: J = sum_i w_i min_k ||x_i - m_k||_1, each m_kd the exact median of its cluster's feature d; or, with the
/// geometric centre, J = sum_i w_i min_k ||x_i - m_k||_2 and m_k the geometric median.
#pragma once

#include <memory>

#include "shoal/model/hard.hpp"

namespace shoal {

enum class Center { median, geometric };
template <>
inline constexpr auto names_of<Center> = names("median", "geometric");

struct KMediansOptions {
  Center center = Center::median;
};

template <class T>
class MedianSearch;

template <class T>
class KMedians final : public HardModel<T> {
 public:
  KMedians(const ModelOptions& options, std::size_t n_features);
  ~KMedians() override;

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void detach() override;
  void rows_moved(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) const override;
  void forget_rows() override;
  [[nodiscard]] Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const override;
  /// Zero: medians are values of the data, so nothing is shifted.
  [[nodiscard]] std::vector<T> choose_origin(const Matrix& centres) const override;

 private:
  Center center_;
  std::unique_ptr<MedianSearch<T>> search_;  ///< follows the rows of a fit whose centres are medians
};

}  // namespace shoal
