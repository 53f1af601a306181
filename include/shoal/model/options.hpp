/// What a person chooses about a model and its fit, with defaults in place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal {

enum class ModelKind { kmeans, kmedians, bernoulli, categorical, gaussian };
enum class Covariance { full, tied, diag, spherical };
enum class Center { median, geometric };
enum class Mixing { learned, uniform, given };
enum class EmptyCluster { reseed, drop, error };
enum class Missing { error, skip, marginalize };
enum class Precision { automatic, float64, float32 };

struct ModelOptions {
  ModelKind kind = ModelKind::kmeans;
  std::size_t n_clusters = 0;
  Covariance covariance = Covariance::full;
  Center center = Center::median;
  Mixing mixing = Mixing::learned;
  std::vector<double> given_weights;  ///< K, with Mixing::given
  EmptyCluster empty_cluster = EmptyCluster::reseed;
  Missing missing = Missing::error;
  bool float32_tables = false;         ///< bernoulli, categorical: products of a row in float32
  double regularization = 1e-6;        ///< gaussian: share of a feature's global variance
  double regularization_absolute = 0;  ///< gaussian: squared data units
  bool truncate = true;                ///< mixtures: leave out what cannot be seen (truncation.hpp)
  double pseudo_count = 0;             ///< bernoulli, categorical: counts added to every level
};

[[nodiscard]] inline bool is_mixture(ModelKind kind) { return kind >= ModelKind::bernoulli; }
[[nodiscard]] inline bool is_discrete(ModelKind kind) {
  return kind == ModelKind::bernoulli || kind == ModelKind::categorical;
}

std::string to_string(ModelKind kind);
std::string to_string(Covariance covariance);
std::string to_string(Center center);
std::string to_string(Mixing mixing);
std::string to_string(EmptyCluster policy);
std::string to_string(Missing missing);

}  // namespace shoal
