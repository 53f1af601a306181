/// Drawing rows from a mixture.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/model/options.hpp"

namespace shoal {

class Sampler {
 public:
  /// @pre check_parameters let the parameters pass. Throws Error(usage) for models without a density.
  Sampler(const ModelOptions& options, std::size_t n_features, const NamedArrays& parameters,
          const std::string& source);

  /// Row number `row` into `values` (D), and its component: a function of seed and row alone.
  std::int32_t draw(std::uint64_t seed, std::uint64_t row, std::span<double> values) const;

 private:
  void draw_gaussian(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const;
  void draw_discrete(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const;

  ModelKind kind_;
  std::vector<double> weights_;
  Matrix means_;
  std::vector<Matrix> spreads_;        ///< lower factor D x D, or standard deviations 1 x D
  Matrix probabilities_;               ///< K x D or K x levels
  std::vector<std::int64_t> offsets_;  ///< categorical
};

}  // namespace shoal
