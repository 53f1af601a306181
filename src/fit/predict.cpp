#include "shoal/fit/predict.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace shoal {

template <class Row>
Prediction predict(const Model<Row>& model, const RowPass<Row>& pass, const PredictionWants& wants) {
  Prediction result;
  const std::size_t n = pass.source().n_rows();
  const std::size_t k = model.n_clusters();
  if (wants.labels) result.labels.resize(n);
  if (wants.log_density) result.log_density.resize(n);
  if (wants.responsibilities) result.responsibilities.resize(n * k);
  if (wants.distances) result.distances.resize(n * k);
  const std::size_t d = model.n_features();
  const std::array<std::pair<bool, std::vector<double>*>, 4> of_values = {
      std::pair(wants.imputed, &result.imputed), std::pair(wants.imputed, &result.imputed_deviations),
      std::pair(wants.denoised, &result.denoised), std::pair(wants.denoised, &result.denoised_deviations)};
  for (const auto& [wanted, values] : of_values) values->resize(wanted ? n * d : 0);
  const Statistics sums = pass.reduce(model.statistics(true), [&](const RowBlock<Row>& block, Statistics& mine) {
    RowOutputs outputs;
    if (wants.labels) outputs.label = result.labels.data() + block.first_local;
    if (wants.log_density) outputs.log_density = result.log_density.data() + block.first_local;
    if (wants.responsibilities) outputs.responsibilities = result.responsibilities.data() + block.first_local * k;
    if (wants.distances) outputs.distances = result.distances.data() + block.first_local * k;
    const auto of_block = [&](std::vector<double>& values) {
      return values.empty() ? nullptr : values.data() + block.first_local * d;
    };
    outputs.imputed = of_block(result.imputed);
    outputs.imputed_deviations = of_block(result.imputed_deviations);
    outputs.denoised = of_block(result.denoised);
    outputs.denoised_deviations = of_block(result.denoised_deviations);
    model.expect(block, mine, outputs);
  });
  result.objective = model.objective(sums);
  result.log_likelihood = model.log_likelihood(sums);
  result.counts = model.counts(sums);

  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();  // 0 would be a density
  const std::vector<std::uint8_t>& used = pass.source().used;
  for (std::size_t r = 0; r < used.size(); ++r) {
    if (used[r] != 0) continue;
    if (wants.labels) result.labels[r] = -1;
    if (wants.log_density) result.log_density[r] = unknown;
    for (const auto& [wanted, values] : of_values)
      if (wanted) std::fill_n(values->begin() + static_cast<std::ptrdiff_t>(r * d), d, unknown);
    if (wants.distances) std::fill_n(result.distances.begin() + static_cast<std::ptrdiff_t>(r * k), k, unknown);
    if (wants.responsibilities)
      std::fill_n(result.responsibilities.begin() + static_cast<std::ptrdiff_t>(r * k), k, 0.0);
  }
  return result;
}

template Prediction predict<float>(const Model<float>&, const RowPass<float>&, const PredictionWants&);
template Prediction predict<double>(const Model<double>&, const RowPass<double>&, const PredictionWants&);
template Prediction predict<PackedByte>(const Model<PackedByte>&, const RowPass<PackedByte>&, const PredictionWants&);

}  // namespace shoal
