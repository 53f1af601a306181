/// log-sum-exp over the components of each row of a tile, and the weights of the rows for the M-step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shoal/math/truncation.hpp"

namespace shoal {

/// The joint densities of a tile, component-major: values[k * pitch + r] for row r; pitch a multiple of 64, filled to
/// the next multiple of 16 rows.
struct TileJoint {
  double* values;
  std::size_t pitch;
  std::size_t n_components;
  std::size_t n_rows;
};

/// What is found about each row; room for pitch rows.
struct TileRows {
  const double* weight;  ///< w_r, zero beyond n_rows
  double* log_density;   ///< ln sum_k exp(joint)
  std::int32_t* label;   ///< the k of largest joint, the lowest on ties; null: not wanted
};

/// In: joint = ln pi_k + ln p(x_r | k). Out: joint = w_r r_rk, zero where `truncation` leaves a component out, with
/// r_rk summing to one over k. Adds sum_r w_r log_density_r to *log_likelihood and sum_r w_r r_rk to totals[k]. A row
/// all of whose components are -infinity gets log_density -infinity, responsibilities 0 and label 0.
void normalise(const TileJoint& joint, const Truncation& truncation, const TileRows& rows, double* log_likelihood,
               double* totals);

}  // namespace shoal
