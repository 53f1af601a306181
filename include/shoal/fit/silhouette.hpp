/// How well clusters of a hard model stand apart.
#pragma once

#include <vector>

#include "shoal/model/model.hpp"

namespace shoal {

/// The simplified silhouette (Hruschka, Campello & de Castro 2006): over rows, counted by their weights, the mean of
/// (b - a) / max(a, b), where a is the distance to the own centre and b that to the nearest other one; 0 for a row that
/// is a cluster for itself. NaN for one cluster. counts: the weights of the clusters. One pass, collective. @pre A hard
/// model.
template <class Row>
double simplified_silhouette(const Model<Row>& model, const RowPass<Row>& pass, const std::vector<double>& counts);

}  // namespace shoal
