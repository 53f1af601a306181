/// What a model says of its clusters, for a person to look at: how large they are, where they lie, and which features
/// set them apart.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/io/model_file.hpp"

namespace shoal {

/// D + 1: where each feature's columns begin; several a feature are its levels.
using ColumnOffsets = std::vector<std::size_t>;

struct Profile {
  std::string centre;                ///< name of the array: means, medians, probabilities or rates
  std::vector<double> sizes;         ///< K: weight of rows, or responsibility sums
  std::vector<double> shares;        ///< K: mixing weights; of hard models the sizes over their sum
  ColumnOffsets offsets;             ///< of the columns of centres
  Matrix centres;                    ///< K x columns, in the data's units
  Matrix deviations;                 ///< K x D, standard deviations within clusters, in the data's units; empty: files
                                     ///< do not tell, or the centres say all
  bool holds_probabilities = false;  ///< centres are
  bool has_levels = false;           ///< columns are levels
  bool counts = false;               ///< centres are mean counts
  bool within_known = false;         ///< which measure `apart` is
  std::vector<double> apart;         ///< D: features_apart

  [[nodiscard]] std::size_t n_features() const { return offsets.size() - 1; }
};

/// Throws Error(bad_data) naming `source` where parameters are not as they must be.
Profile profile_of(const ModelFile& model, const std::string& source);

/// How far each feature sets clusters apart, 0 to 1, for clusters with these shares of the rows (K, summing to one),
/// centres (K x columns) and variances within clusters (as the centres; null: not known). With B = sum of share x
/// (centre - mean centre)^2 and W = sum of share x variance, both summed over a feature's columns:
/// - variances known: B / (B + W), the share of the feature's variance that lies between clusters, eta squared (Fisher
///   1925); of levels, whose columns are indicators, it is the tau of Goodman & Kruskal (1954);
/// - not known: B over the B of all features, the feature's share of the variance of the centres.
/// 0 where nothing varies.
std::vector<double> features_apart(std::span<const double> shares, const Matrix& centres, const Matrix* variances,
                                   const ColumnOffsets& offsets);

/// The features in the order in which they set clusters apart, the first the most; of equal ones the first.
std::vector<std::size_t> most_apart_first(const std::vector<double>& apart);

}  // namespace shoal
