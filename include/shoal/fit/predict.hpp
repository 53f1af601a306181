/// One pass with a model that stays as it is.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/model/model.hpp"

namespace shoal {

/// What a pass found; per-row arrays are of this rank's rows, empty where not wanted. Rows left out have label -1,
/// log density and distances NaN, and responsibilities 0.
struct Prediction {
  double objective = 0;
  double log_likelihood = 0;
  std::vector<double> counts;
  std::vector<std::int32_t> labels;
  std::vector<double> log_density;
  std::vector<double> responsibilities;  ///< n x K
  std::vector<double> distances;         ///< n x K, to each centre, in the units of the data; hard models
  // n x D, as RowOutputs; rows left out: NaN
  std::vector<double> imputed, imputed_deviations;
  std::vector<double> denoised, denoised_deviations;
};

struct PredictionWants {
  bool labels = false;
  bool log_density = false;
  bool responsibilities = false;
  bool distances = false;
  bool imputed = false;
  bool denoised = false;
};

/// Collective. On the rows of the fit it repeats the fit's labels and objective bit for bit.
template <class Row>
Prediction predict(const Model<Row>& model, const RowPass<Row>& pass, const PredictionWants& wants);

}  // namespace shoal
