/// Reading named arrays into a model, with errors that name the array.
#pragma once

#include <string>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

/// Whether parameters are a whole model, a start, in which mixing weights may be left out, or any part of one.
enum class Completeness { model, start, part };

/// Checks the arrays that a model of these options (K clusters of `n_features`) has, in the one way that holds for
/// every command: there (unless it is a part), of the right shapes, finite; weights and probabilities within 0 and 1,
/// summing to one; level offsets rising; covariances symmetric and positive definite. Weights, and covariances that
/// rounding left asymmetric, are put right. Throws Error(bad_data) naming `source`, array and entry.
void check_parameters(const ModelOptions& options, std::size_t n_features, Completeness completeness,
                      const std::string& source, NamedArrays& arrays);

/// Levels of all features of a model: two each, those of /parameters/level_offsets, or none. Throws Error(bad_data)
/// where the offsets are missing or do not rise from 0.
std::size_t level_count(const Family& family, std::size_t n_features, const NamedArrays& arrays,
                        const std::string& source);

/// The array `name` of shape `shape`, all finite. Throws Error(bad_data) naming `source`, array, both shapes or value.
const NamedArray& require_array(const NamedArrays& arrays, const std::string& name,
                                const std::vector<std::size_t>& shape, const std::string& source);

/// require_array as a matrix.
Matrix require_matrix(const NamedArrays& arrays, const std::string& name, std::size_t rows, std::size_t columns,
                      const std::string& source);

/// Mixing weights: K non-negative numbers that sum to one within 1e-6, divided by their sum.
std::vector<double> require_weights(const NamedArrays& arrays, std::size_t n_clusters, const std::string& source);

/// K of all parameters of a model.
std::size_t n_clusters_of(const NamedArrays& arrays);

/// A matrix as an array of the given name.
NamedArray as_array(const std::string& name, const Matrix& matrix);

}  // namespace shoal
