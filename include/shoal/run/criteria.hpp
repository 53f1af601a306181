/// By what the fit of a scan is chosen.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "shoal/core/enum_names.hpp"
#include "shoal/io/scan.hpp"
#include "shoal/model/family.hpp"

namespace shoal {

enum class Criterion { bic, aic, icl, elbow, silhouette, calinski_harabasz };
template <>
inline constexpr auto names_of<Criterion> = names("bic", "aic", "icl", "elbow", "silhouette", "calinski-harabasz");

/// Those of likelihoods are for mixtures, the others for hard models.
inline bool is_of_mixtures(Criterion criterion) { return criterion <= Criterion::icl; }
inline Criterion default_criterion(const Family& family) {
  return family.mixture ? Criterion::bic : Criterion::silhouette;
}

/// What a criterion says of a fit, the larger the better; NaN: nothing.
double merit(const ScanLine& line, Criterion criterion);

/// The fit with the best value of the criterion among those that are sound and converged; where none is, among those
/// that are sound, or all. Of equal ones the first. @pre There are lines.
std::size_t choose(std::vector<ScanLine> lines, Criterion criterion);

/// Whether a fit may still be chosen when more are done: of elbows all may.
bool may_be_chosen(const std::vector<ScanLine>& lines, std::size_t line, Criterion criterion);

/// Where an elbow is (Thorndike 1953), by the rule of Kneedle (Satopaa et al. 2011) for ln objective over ln K: of each
/// line how far it lies below the straight line from the fit of fewest clusters to that of most, fits that are not
/// eligible, or whose objective is 0, left out, which have NaN. Rows without clusters lie on a straight line, whose
/// slope is their dimension's.
void note_elbow(std::vector<ScanLine>& lines);

/// The variance ratio (Calinski & Harabasz 1974): ((T - W) / (K - 1)) / (W / (n - K)), W the objective, T that of one
/// cluster, n the total weight. NaN for one cluster, or no fewer than n; infinite where W is 0.
double calinski_harabasz(double of_one, double objective, double total_weight, std::size_t n_clusters);

}  // namespace shoal
