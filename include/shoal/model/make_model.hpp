/// From options to a model: with the instantiations beside it, the only list of models.
#pragma once

#include <memory>

#include "shoal/model/model.hpp"

namespace shoal {

/// A model for real rows (float or double): kmeans, kmedians, gaussian. Throws Error(usage) where an option does not
/// go with the model.
template <class T>
std::unique_ptr<Model<T>> make_model(const ModelOptions& options, std::size_t n_features);

/// A model for discrete rows: bernoulli, categorical.
std::unique_ptr<Model<PackedByte>> make_discrete_model(const ModelOptions& options, const RowCoding& coding);

}  // namespace shoal
