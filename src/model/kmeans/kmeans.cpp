#include "shoal/model/kmeans/kmeans.hpp"

#include <algorithm>

#include "shoal/pass/column_extents.hpp"

namespace shoal {

template <class T>
void KMeans<T>::attach(const RowPass<T>& pass, const ColumnMoments& moments) {
  sums_.begin(pass, this->n_clusters());
  Matrix extents(2, this->n_features());
  if (!sums_.usable()) {
    const ColumnExtents found = column_extents(pass);
    std::ranges::copy(found.least, extents.row(0).begin());
    std::ranges::copy(found.greatest, extents.row(1).begin());
  }
  moments_origin_ = origin_of<T>(extents);
  HardModel<T>::attach(pass, moments);
}

template <class T>
void KMeans<T>::detach() {
  HardModel<T>::detach();
  sums_.end();
}

template <class T>
Statistics KMeans<T>::statistics(bool scores_only) const {
  const std::size_t n_moments = scores_only || sums_.usable() ? 0 : this->n_clusters() * this->n_features();
  return Statistics(1 + this->n_clusters() + n_moments, 1);
}

template <class T>
void KMeans<T>::rows_moved(const T* rows, std::span<const RowMove> moves) const {
  if (sums_.usable()) sums_.move(rows, moves);
}

template <class T>
void KMeans<T>::forget_rows() {
  HardModel<T>::forget_rows();
  sums_.forget(this->n_clusters());
}

template <class T>
Matrix KMeans<T>::moved_centres(const Statistics& sums, const RowPass<T>& pass) const {
  const double* weights = sums.sums.data() + 1;
  const double* first_moments = weights + this->n_clusters();
  Matrix means = this->centres();
  if (sums_.usable()) sums_.add_up(pass);
  for (std::size_t k = 0; k < means.rows; ++k)
    for (std::size_t d = 0; d < means.columns; ++d) {
      if (weights[k] == 0) continue;
      means(k, d) = sums_.usable()
                        ? sums_.mean(k, d, weights[k])
                        : static_cast<double>(moments_origin_[d]) + first_moments[k * means.columns + d] / weights[k];
    }
  return means;
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace shoal
