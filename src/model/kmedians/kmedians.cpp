#include "shoal/model/kmedians/kmedians.hpp"

#include <algorithm>

#include "shoal/model/hard.hpp"
#include "shoal/model/kmedians/geometric_median.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {

template <class T>
KMedians<T>::KMedians(const ModelOptions& options, std::size_t n_features)
    : center_(options.center),
      empty_cluster_(options.empty_cluster),
      medians_(options.n_clusters, n_features),
      origin_(n_features, T(0)) {}

template <class T>
void KMedians<T>::start(const std::vector<T>& seeds, std::span<const std::int32_t> /*labels*/,
                        const RowPass<T>& /*pass*/) {
  Matrix medians(n_clusters(), n_features());
  std::ranges::copy(seeds, medians.values.begin());
  set_medians(std::move(medians));
}

template <class T>
void KMedians<T>::set_medians(Matrix medians) {
  medians_ = std::move(medians);
  centres_ = shifted<T>(medians_, origin_);
}

template <class T>
NamedArrays KMedians<T>::parameters() const {
  return {as_array("medians", medians_)};
}

template <class T>
void KMedians<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  set_medians(require_matrix(arrays, "medians", n_clusters(), n_features(), source));
}

template <class T>
void KMedians<T>::begin_fit(const RowPass<T>& pass, const ColumnMoments& /*moments*/) {
  labels_.assign(pass.shard().n_rows(), 0);
  weights_ = integer_weights(pass.shard().weights, pass.summary().total_weight);
}

template <class T>
Statistics KMedians<T>::statistics(bool /*scores_only*/) const {
  return {1 + n_clusters(), 0};
}

template <class T>
void KMedians<T>::expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const {
  const bool geometric = center_ == Center::geometric;
  assign_rows<T>(block, geometric ? Metric::squared_euclidean : Metric::manhattan, geometric, origin_, centres_,
                 n_clusters(), [&](std::size_t r, std::int32_t label, double distance) {
                   if (!labels_.empty()) labels_[block.first_local + r] = label;
                   if (outputs.label != nullptr) outputs.label[r] = label;
                   if (outputs.log_density != nullptr) outputs.log_density[r] = -distance;
                   const double w = block.weight(r);
                   if (w == 0) return;
                   sums.sums[0] += w * distance;
                   sums.sums[1 + static_cast<std::size_t>(label)] += w;
                 });
}

template <class T>
std::vector<double> KMedians<T>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.end()};
}

template <class T>
bool KMedians<T>::maximise(const Statistics& sums, const RowPass<T>& pass) {
  const std::vector<std::size_t> empty = empty_clusters(counts(sums), 0.0, empty_cluster_);
  Matrix medians = center_ == Center::geometric ? geometric_medians(pass, labels_, medians_)
                                                : cluster_medians(pass, labels_, weights_, medians_);
  if (empty_cluster_ == EmptyCluster::drop) {
    medians = without_rows(medians, empty);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
  } else if (!empty.empty()) {
    this->repairs_.reseeded += static_cast<std::int64_t>(reseed(medians, empty, false, *this, pass));
  }
  const bool changed = !same_bits(medians.values, medians_.values);
  set_medians(std::move(medians));
  return changed;
}

template <class T>
std::int64_t KMedians<T>::n_parameters() const {
  return static_cast<std::int64_t>(n_clusters() * n_features());
}

template class KMedians<float>;
template class KMedians<double>;

}  // namespace shoal
