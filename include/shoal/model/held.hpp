/// Parameters that a fit holds at what its start gave.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shoal/core/named_array.hpp"

namespace shoal {

struct HeldParameter {
  std::string name;                     ///< of an array of /parameters
  std::vector<std::size_t> components;  ///< rising; empty: all
};

/// What is held, in the order in which it was asked for.
using Held = std::vector<HeldParameter>;

/// Of K components, which ones' `name` is held.
std::vector<bool> held_components(const Held& held, std::string_view name, std::size_t n_clusters);

/// Which ones have anything held but their weights.
std::vector<bool> held_anywhere(const Held& held, std::size_t n_clusters);

/// "weights" or "means,covariances:0,2"; nothing where it is neither.
std::vector<HeldParameter> parse_held(const std::string& text);
std::string held_text(const Held& held);

/// Weights that sum to one, those that are held as `before`, the others in proportion to `after`. Where all of these
/// are 0 they stay as before.
std::vector<double> share_out(const std::vector<double>& before, const std::vector<double>& after,
                              const std::vector<bool>& held);

/// Puts the lines of held components of each array as they are in `before`, where that has an array of the same name
/// and shape.
void hold(const Held& held, const NamedArrays& before, NamedArrays& arrays);

}  // namespace shoal
