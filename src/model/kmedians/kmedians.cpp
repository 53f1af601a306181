#include "shoal/model/kmedians/kmedians.hpp"

#include "shoal/model/kmedians/geometric_median.hpp"

namespace shoal {

template <class T>
KMedians<T>::KMedians(const ModelOptions& options, std::size_t n_features)
    : HardModel<T>(
          options, n_features, "medians",
          options.of<KMediansOptions>().center == Center::geometric ? Distance::euclidean : Distance::manhattan),
      center_(options.of<KMediansOptions>().center) {}

template <class T>
std::vector<T> KMedians<T>::choose_origin(const Matrix& centres) const {
  return std::vector<T>(centres.columns, T(0));
}

template <class T>
void KMedians<T>::attach(const RowPass<T>& pass, const ColumnMoments& moments) {
  HardModel<T>::attach(pass, moments);
  weights_ = integer_weights(pass.source().weights, pass.summary().total_weight);
}

template <class T>
void KMedians<T>::detach() {
  HardModel<T>::detach();
  search_ = MedianSearch<T>();
}

template <class T>
Matrix KMedians<T>::moved_centres(const Statistics& sums, const RowPass<T>& pass) const {
  if (center_ == Center::geometric) return geometric_medians(pass, this->labels(), this->counts(sums), this->centres());
  return search_.medians(pass, this->labels(), weights_, this->centres());
}

template class KMedians<float>;
template class KMedians<double>;

}  // namespace shoal
