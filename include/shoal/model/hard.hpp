/// What k-means and k-medians share: a row belongs to its nearest centre.
#pragma once

#include <functional>

#include "shoal/data/tile.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// The nearest centre of each row of a block. `visit(r, label, distance)` is called for the rows in order. Unsquared
/// Euclidean distances come from Metric::squared_euclidean and `root`.
template <class T>
void assign_rows(const RowBlock<T>& block, Metric metric, bool root, std::span<const T> origin,
                 std::span<const T> centres, std::size_t n_centres,
                 const std::function<void(std::size_t, std::int32_t, double)>& visit);

/// Clusters without weight, in order. Throws Error(bad_data) where the policy is `error`.
std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy);

/// Moves each cluster of `empty` to a row far from its centre: the farthest ones of positive weight, the lowest on
/// ties, each row once. Rows that coincide with their centre but for rounding are passed over; returns how many
/// clusters were moved. `squared`: the model's distances are squared.
template <class T>
std::size_t reseed(Matrix& centres, const std::vector<std::size_t>& empty, bool squared, const Model<T>& model,
                   const RowPass<T>& pass);

/// `matrix` without the rows in `dropped`.
Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped);

}  // namespace shoal
