/// log-sum-exp over the components of each row of a tile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// Rows of a tile; row indices are vector lanes. Kernels read whole tiles, so short ones are padded.
inline constexpr std::size_t tile_rows = 64;

/// In: joint[k * tile_rows + r] = ln pi_k + ln p(x_r | k). Out: joint holds r_kr, which sum to one over k;
/// log_density[r] = ln sum_k exp(joint); label[r] = the k of largest joint, the lowest on ties. A row all of whose
/// components are -infinity gets log_density -infinity, responsibilities 0 and label 0. Sizes: K x 64, 64, 64.
void normalise(std::span<double> joint, std::size_t n_components, std::span<double> log_density,
               std::span<std::int32_t> label);

}  // namespace shoal
