#include "shoal/model/kmeans/kmeans.hpp"

namespace shoal {

template <class T>
Statistics KMeans<T>::statistics(bool scores_only) const {
  return {1 + this->n_clusters() + (scores_only ? 0 : this->n_clusters() * this->n_features()), 0};
}

template <class T>
Matrix KMeans<T>::moved_centres(const Statistics& sums, const RowPass<T>& /*pass*/) const {
  const double* weights = sums.sums.data() + 1;
  const double* first_moments = weights + this->n_clusters();
  Matrix means = this->centres();
  for (std::size_t k = 0; k < means.rows; ++k)
    for (std::size_t d = 0; d < means.columns; ++d)
      if (weights[k] > 0)
        means(k, d) = static_cast<double>(this->origin()[d]) + first_moments[k * means.columns + d] / weights[k];
  return means;
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace shoal
