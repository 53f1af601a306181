#include "shoal/model/kmeans/kmeans.hpp"

#include <algorithm>
#include <cmath>

#include "shoal/core/error.hpp"
#include "shoal/model/hard.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {

template <class T>
KMeans<T>::KMeans(const ModelOptions& options, std::size_t n_features)
    : empty_cluster_(options.empty_cluster), means_(options.n_clusters, n_features) {}

template <class T>
void KMeans<T>::start(const std::vector<T>& seeds, std::span<const std::int32_t> /*labels*/,
                      const RowPass<T>& /*pass*/) {
  Matrix means(n_clusters(), n_features());
  std::ranges::copy(seeds, means.values.begin());
  set_means(std::move(means));
}

template <class T>
void KMeans<T>::set_means(Matrix means) {
  means_ = std::move(means);
  origin_ = origin_of<T>(means_);
  centres_ = shifted<T>(means_, origin_);
}

template <class T>
NamedArrays KMeans<T>::parameters() const {
  return {as_array("means", means_)};
}

template <class T>
void KMeans<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  set_means(require_matrix(arrays, "means", n_clusters(), n_features(), source));
}

template <class T>
void KMeans<T>::begin_fit(const RowPass<T>& /*pass*/, const ColumnMoments& /*moments*/) {}

template <class T>
Statistics KMeans<T>::statistics(bool scores_only) const {
  return {1 + n_clusters() + (scores_only ? 0 : n_clusters() * n_features()), 0};
}

template <class T>
void KMeans<T>::expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const {
  const std::size_t d = n_features();
  const bool moments = sums.sums.size() > 1 + n_clusters();
  double* weights = sums.sums.data() + 1;
  double* first_moments = weights + n_clusters();
  assign_rows<T>(block, Metric::squared_euclidean, false, origin_, centres_, n_clusters(),
                 [&](std::size_t r, std::int32_t label, double distance) {
                   const auto k = static_cast<std::size_t>(label);
                   const double w = block.weight(r);
                   if (outputs.label != nullptr) outputs.label[r] = label;
                   if (outputs.log_density != nullptr) outputs.log_density[r] = -distance;
                   if (w == 0) return;
                   sums.sums[0] += w * distance;
                   weights[k] += w;
                   if (moments) add_row(block.row(r), origin_.data(), w, d, first_moments + k * d);
                 });
}

template <class T>
std::vector<double> KMeans<T>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(n_clusters())};
}

template <class T>
bool KMeans<T>::maximise(const Statistics& sums, const RowPass<T>& pass) {
  const std::vector<double> weights = counts(sums);
  const std::vector<std::size_t> empty = empty_clusters(weights, 0.0, empty_cluster_);
  const double* first_moment = sums.sums.data() + 1 + n_clusters();
  Matrix means = means_;
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t d = 0; d < n_features(); ++d)
      if (weights[k] > 0)
        means(k, d) = static_cast<double>(origin_[d]) + first_moment[k * n_features() + d] / weights[k];
  if (empty_cluster_ == EmptyCluster::drop) {
    means = without_rows(means, empty);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
  } else if (!empty.empty()) {
    this->repairs_.reseeded += static_cast<std::int64_t>(reseed(means, empty, true, *this, pass));
  }
  const bool changed = !same_bits(means.values, means_.values);
  set_means(std::move(means));
  return changed;
}

template <class T>
std::int64_t KMeans<T>::n_parameters() const {
  return static_cast<std::int64_t>(n_clusters() * n_features());
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace shoal
