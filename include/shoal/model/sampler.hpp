/// Drawing rows from a mixture.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "shoal/model/family.hpp"

namespace shoal {

class Sampler {
 public:
  /// @pre check_parameters let the parameters pass. Throws Error(usage) for models without a density, naming `source`.
  Sampler(const ModelOptions& options, const ModelSize& size, const NamedArrays& parameters, const std::string& source);

  /// Row number `row` into `values` (D), and its component: a function of seed and row alone.
  std::int32_t draw(std::uint64_t seed, std::uint64_t row, std::span<double> values) const;

 private:
  std::vector<double> weights_;
  std::unique_ptr<ComponentSampler> components_;
};

}  // namespace shoal
