#include "shoal/run/start_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "shoal/core/error.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {
namespace {

/// A start may leave them out: the data tell them, too.
void add_level_offsets(const RowCoding& coding, const std::string& source, NamedArrays& arrays) {
  const LevelOffsets& offsets = coding.offsets();
  if (const NamedArray* given = find(arrays, "level_offsets")) {
    if (std::ranges::equal(given->values, offsets)) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/level_offsets differ from the levels of the data", source));
  }
  arrays.push_back({"level_offsets", {offsets.size()}, {offsets.begin(), offsets.end()}, true});
}

}  // namespace

template <class Row>
ModelStarter<Row>::ModelStarter(const RunOptions& options, const RowPass<Row>& pass, const Scaling& scaling)
    : options_(options),
      pass_(pass),
      scaling_(scaling),
      layout_(layout_of(pass.source())),
      moments_(options.model.family().mixture ? column_moments(pass) : ColumnMoments{}) {}

template <class Row>
std::unique_ptr<Model<Row>> ModelStarter<Row>::begun(const ModelOptions& options) const {
  std::unique_ptr<Model<Row>> model = make_model<Row>(options, layout_);
  model->begin_fit(pass_, moments_);
  return model;
}

template <class Row>
void ModelStarter<Row>::start_from_arrays(Model<Row>& model) const {
  const std::string& source = options_.start.file.name;
  NamedArrays arrays = options_.start.arrays;
  if constexpr (std::is_same_v<Row, PackedByte>) add_level_offsets(layout_.coding, source, arrays);
  change_units(options_.model, options_.start.scaling, scaling_, arrays);
  check_parameters(options_.model, layout_.n_features, Completeness::start, source, arrays);
  model.set_parameters(arrays, source);
}

template <class Row>
std::unique_ptr<Model<Row>> ModelStarter<Row>::start(std::uint64_t seed) const {
  std::unique_ptr<Model<Row>> model = begun(options_.model);
  if (!options_.start.arrays.empty()) {
    start_from_arrays(*model);
    return model;
  }
  const Family& family = options_.model.family();
  const SeedSpace<Row> space(family.seed_metric(options_.model), moments_, layout_);
  const Seeds<Row> seeds =
      draw_seeds(pass_, space, options_.start.seeding, seed, options_.model.n_clusters, family.mixture);
  model->start(seeds.values, seeds.labels, pass_);
  return model;
}

template <class Row>
std::unique_ptr<Model<Row>> ModelStarter<Row>::at(const NamedArrays& parameters) const {
  std::unique_ptr<Model<Row>> model = begun(options_.model);
  model->resume(parameters, {}, "the search");
  return model;
}

template <class Row>
std::unique_ptr<Model<Row>> ModelStarter<Row>::go_on(const NamedArrays& parameters, const FitState& state,
                                                     const std::string& source) const {
  ModelOptions options = options_.model;
  options.n_clusters = n_clusters_of(parameters);
  if (options.mixing == Mixing::given) options.given_weights = require_weights(parameters, options.n_clusters, source);
  std::unique_ptr<Model<Row>> model = begun(options);
  model->resume(parameters, state.repairs, source);
  return model;
}

template class ModelStarter<float>;
template class ModelStarter<double>;
template class ModelStarter<PackedByte>;

}  // namespace shoal
