#include "shoal/model/options.hpp"

#include <array>

namespace shoal {
namespace {

template <std::size_t N, class E>
std::string name(const std::array<const char*, N>& names, E value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string to_string(ModelKind kind) {
  return name(std::array{"kmeans", "kmedians", "bernoulli", "categorical", "gaussian"}, kind);
}
std::string to_string(Covariance covariance) {
  return name(std::array{"full", "tied", "diag", "spherical"}, covariance);
}
std::string to_string(Center center) { return name(std::array{"median", "geometric"}, center); }
std::string to_string(Mixing mixing) { return name(std::array{"learned", "uniform", "given"}, mixing); }
std::string to_string(EmptyCluster policy) { return name(std::array{"reseed", "drop", "error"}, policy); }
std::string to_string(Missing missing) { return name(std::array{"error", "skip", "marginalize"}, missing); }

}  // namespace shoal
