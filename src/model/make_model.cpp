#include "shoal/model/make_model.hpp"

#include <stdexcept>

#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/gaussian/gaussian_components.hpp"
#include "shoal/model/kmeans/kmeans.hpp"
#include "shoal/model/kmedians/kmedians.hpp"
#include "shoal/model/mixture/mixture.hpp"

namespace shoal {

template <class T>
std::unique_ptr<Model<T>> make_model(const ModelOptions& options, std::size_t n_features) {
  switch (options.kind) {
    case ModelKind::kmeans:
      return std::make_unique<KMeans<T>>(options, n_features);
    case ModelKind::kmedians:
      return std::make_unique<KMedians<T>>(options, n_features);
    case ModelKind::gaussian:
      return std::make_unique<Mixture<GaussianComponents<T>>>(options, GaussianComponents<T>(options, n_features));
    default:
      throw std::logic_error("a discrete model needs discrete rows");
  }
}

std::unique_ptr<Model<PackedByte>> make_discrete_model(const ModelOptions& options, const RowCoding& coding) {
  if (options.float32_tables)
    return std::make_unique<Mixture<DiscreteComponents<float>>>(options, DiscreteComponents<float>(options, coding));
  return std::make_unique<Mixture<DiscreteComponents<double>>>(options, DiscreteComponents<double>(options, coding));
}

template std::unique_ptr<Model<float>> make_model<float>(const ModelOptions&, std::size_t);
template std::unique_ptr<Model<double>> make_model<double>(const ModelOptions&, std::size_t);

}  // namespace shoal
