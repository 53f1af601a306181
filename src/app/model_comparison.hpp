/// Several models side by side.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shoal/io/model_file.hpp"

namespace shoal::app {

struct NamedModel {
  std::string file;
  const ModelFile& model;
};

/// A line a model, in the given order, within `width` columns. The least BIC of sound and converged models is marked
/// where numbers can be compared.
std::string comparison_table(const std::vector<NamedModel>& models, std::size_t width);

/// Why log-likelihoods, BIC, AIC or objectives of the models cannot be compared; empty: they can.
std::string incomparable(const std::vector<NamedModel>& models);

}  // namespace shoal::app
