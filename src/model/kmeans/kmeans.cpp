#include "shoal/model/kmeans/kmeans.hpp"

namespace shoal {

template <class T>
void KMeans<T>::attach(const RowPass<T>& pass, const ColumnMoments& moments) {
  sums_.begin(pass, this->n_clusters());
  HardModel<T>::attach(pass, moments);
}

template <class T>
void KMeans<T>::detach() {
  HardModel<T>::detach();
  sums_.end();
}

template <class T>
void KMeans<T>::rows_moved(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) const {
  sums_.move(block, first, moves);
}

template <class T>
void KMeans<T>::forget_rows() {
  HardModel<T>::forget_rows();
  sums_.forget(this->n_clusters());
}

template <class T>
Matrix KMeans<T>::moved_centres(const Statistics& sums, const RowPass<T>& pass) const {
  const std::vector<double> weights = this->counts(sums);
  Matrix means = this->centres();
  sums_.add_up(pass);
  for (std::size_t k = 0; k < means.rows; ++k)
    for (std::size_t j = 0; j < means.columns && weights[k] > 0; ++j) means(k, j) = sums_.mean(k, j, weights[k]);
  return means;
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace shoal
