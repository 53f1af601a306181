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

/// The options of a fit that is gone on with: clusters may have been dropped since it began.
ModelOptions options_of(ModelOptions options, const Checkpoint* before, const std::string& source) {
  if (before == nullptr) return options;
  options.n_clusters = before->n_clusters();
  if (options.mixing == Mixing::given)
    options.given_weights = require_weights(before->parameters, options.n_clusters, source);
  return options;
}

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

template <class Row>
void start_from_arrays(Model<Row>& model, const RunOptions& options, const RowLayout& layout, const Scaling& scaling) {
  const std::string& source = options.start.file.name;
  NamedArrays arrays = options.start.arrays;
  if constexpr (std::is_same_v<Row, PackedByte>) add_level_offsets(layout.coding, source, arrays);
  change_units(options.model, options.start.scaling, scaling, arrays);
  check_parameters(options.model, layout.n_features, Completeness::start, source, arrays);
  model.set_parameters(arrays, source);
}

template <class Row>
void start_from_seeds(Model<Row>& model, const RunOptions& options, const RowPass<Row>& pass,
                      const ColumnMoments& moments, const RowLayout& layout) {
  const Family& family = options.model.family();
  const SeedSpace<Row> space(family.seed_metric(options.model), moments, layout);
  const auto seed_rows = options.start.seeding == Seeding::random ? random_rows<Row> : kmeans_parallel<Row>;
  const Seeds<Row> seeds = seed_rows(pass, space, options.model.n_clusters, options.start.seed, !family.mixture);
  model.start(seeds.values, seeds.labels, pass);
}

}  // namespace

template <class Row>
std::unique_ptr<Model<Row>> start_model(const RunOptions& options, const RowPass<Row>& pass, const Checkpoint* before,
                                        const std::string& source, const Scaling& scaling) {
  const RowLayout layout{pass.source().n_features, pass.source().coding};
  std::unique_ptr<Model<Row>> model = make_model<Row>(options_of(options.model, before, source), layout);
  const ColumnMoments moments = options.model.family().mixture ? column_moments(pass) : ColumnMoments{};
  model->begin_fit(pass, moments);
  if (before != nullptr)
    model->resume(before->parameters, before->state.repairs, source);
  else if (!options.start.arrays.empty())
    start_from_arrays(*model, options, layout, scaling);
  else
    start_from_seeds(*model, options, pass, moments, layout);
  return model;
}

#define SHOAL_INSTANTIATE(Row)                                                                                     \
  template std::unique_ptr<Model<Row>> start_model<Row>(const RunOptions&, const RowPass<Row>&, const Checkpoint*, \
                                                        const std::string&, const Scaling&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
