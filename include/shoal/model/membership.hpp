/// Which clusters this rank's rows belong to where a fit starts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace shoal {

struct Membership {
  std::span<const std::int32_t> labels;      ///< -1: of none
  std::span<const double> responsibilities;  ///< n x K, row-major, of mixtures; empty: the labels say all

  Membership() = default;
  Membership(std::span<const std::int32_t> of_rows, std::span<const double> shares = {})  // NOLINT: labels are one
      : labels(of_rows), responsibilities(shares) {}
  Membership(const std::vector<std::int32_t>& of_rows) : labels(of_rows) {}  // NOLINT
};

}  // namespace shoal
