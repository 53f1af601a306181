/// Whether a latent class model leaves pairs of features dependent within its classes.
#pragma once

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/row_coding.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Cells of all two-way tables together; beyond it residuals are not found.
inline constexpr std::size_t most_table_cells = 2'000'000;

/// Cells of the two-way tables of all pairs of features.
std::size_t table_cells(const LevelOffsets& offsets);

/// Bivariate residuals (Vermunt & Magidson 2005; Maydeu-Olivares & Joe 2005): of each pair of features Pearson's X2 of
/// the rows' two-way table against that of the model, divided by its (L - 1)(M - 1) degrees of freedom: about 1 where
/// the model holds. Of rows in which both are observed; levels that never occur do not count. D x D, symmetric, with
/// zeros on the diagonal; empty where there are more than most_table_cells. `parameters` of a bernoulli or categorical
/// mixture. One pass, collective.
Matrix bivariate_residuals(const NamedArrays& parameters, const RowPass<PackedByte>& pass);

}  // namespace shoal
