#include "shoal/model/kmedians/kmedians.hpp"

#include "model/kmedians/median_search.hpp"
#include "shoal/model/kmedians/geometric_median.hpp"

namespace shoal {

template <class T>
KMedians<T>::KMedians(const ModelOptions& options, std::size_t n_features)
    : HardModel<T>(
          options, n_features, "medians",
          options.of<KMediansOptions>().center == Center::geometric ? Distance::euclidean : Distance::manhattan),
      center_(options.of<KMediansOptions>().center) {}

template <class T>
KMedians<T>::~KMedians() = default;

template <class T>
std::vector<T> KMedians<T>::choose_origin(const Matrix& centres) const {
  return std::vector<T>(centres.columns, T(0));
}

template <class T>
void KMedians<T>::attach(const RowPass<T>& pass, const ColumnMoments& moments) {
  HardModel<T>::attach(pass, moments);
  if (center_ == Center::median) search_ = std::make_unique<MedianSearch<T>>(pass, this->n_clusters());
}

template <class T>
void KMedians<T>::detach() {
  HardModel<T>::detach();
  search_.reset();
}

template <class T>
void KMedians<T>::rows_moved(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) const {
  if (search_) search_->move(block, first, moves);
}

template <class T>
void KMedians<T>::forget_rows() {
  HardModel<T>::forget_rows();
  if (search_) search_->forget(this->n_clusters());
}

template <class T>
Matrix KMedians<T>::moved_centres(const Statistics& sums, const RowPass<T>& pass) const {
  if (search_) return search_->medians(pass, this->labels(), this->centres());
  return geometric_medians(pass, this->labels(), this->counts(sums), this->centres());
}

template class KMedians<float>;
template class KMedians<double>;

}  // namespace shoal
