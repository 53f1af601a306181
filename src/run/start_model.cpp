#include "shoal/run/start_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "shoal/core/error.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/partial_start.hpp"
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

/// Of --init, in the rows' units.
template <class Row>
NamedArrays ModelStarter<Row>::given_arrays() const {
  const std::string& source = options_.start.file.name;
  NamedArrays arrays = options_.start.arrays;
  if (arrays.empty()) return arrays;
  if constexpr (std::is_same_v<Row, PackedByte>) add_level_offsets(layout_.coding, source, arrays);
  change_units(options_.model, options_.start.scaling, scaling_, arrays);
  const bool part = is_partial(options_.model, arrays);
  check_parameters(options_.model, layout_.n_features, part ? Completeness::part : Completeness::start, source, arrays);
  return arrays;
}

/// The mean of the rows that belong to each cluster, where rows are numbers; of one without rows that of all.
template <class Row>
std::vector<Row> ModelStarter<Row>::seeds_of_rows() const {
  const std::size_t n = options_.model.n_clusters, width = pass_.source().width(), line = 2 * width;
  std::vector<Row> seeds(n * width, Row(0));
  if constexpr (!std::is_same_v<Row, PackedByte>) {
    const std::vector<std::int32_t>& labels = options_.start.labels;
    const Statistics sums = pass_.reduce(SumLayout{(n + 1) * line}, [&](const RowBlock<Row>& block, Statistics& s) {
      for (std::size_t r = 0; r < block.n_rows; ++r)
        for (std::size_t j = 0; j < width; ++j) {
          const auto x = static_cast<double>(block.row(r)[j]), w = block.weight(r);
          if (std::isnan(x) || w == 0) continue;
          const auto add = [&](std::size_t k) {
            s.sums[k * line + j] += w * x;
            s.sums[k * line + width + j] += w;
          };
          add(n);  // all rows
          if (const std::int32_t label = labels[block.first_local + r]; label >= 0)
            add(static_cast<std::size_t>(label));
        }
    });
    for (std::size_t i = 0; i < n * width; ++i) {
      const std::size_t at = i / width * line + i % width, all = n * line + i % width;
      const std::size_t from = sums.sums[at + width] > 0 ? at : all;
      if (sums.sums[from + width] > 0) seeds[i] = static_cast<Row>(sums.sums[from] / sums.sums[from + width]);
    }
  }
  return seeds;
}

/// What is missing follows from what rows belong to: as the file says, the nearest of given centres, or of seeds.
template <class Row>
void ModelStarter<Row>::start_from_part(std::uint64_t seed, const NamedArrays& given, Model<Row>& model) const {
  const StartOptions& start = options_.start;
  const Family& family = options_.model.family();
  const NamedArray* const centres = find(given, family.parameters(options_.model, {1, 1, 1}).front().name);
  const SeedSpace<Row> space(family.seed_metric(options_.model), moments_, layout_);
  if (start.of_rows) {
    model.start(seeds_of_rows(), {start.labels, start.responsibilities}, pass_);
  } else if (centres != nullptr) {
    const std::vector<Row> seeds(centres->values.begin(), centres->values.end());
    model.start(seeds, labels_of(pass_, space, seeds), pass_);
  } else {
    const Seeds<Row> seeds = draw_seeds(pass_, space, start.seeding, seed, options_.model.n_clusters, family.mixture);
    model.start(seeds.values, seeds.labels, pass_);
  }
  NamedArrays arrays = model.parameters();
  for (NamedArray& array : arrays)
    if (const NamedArray* const mine = find(given, array.name)) array.values = mine->values;
  model.set_parameters(arrays, start.file.name);
}

template <class Row>
std::unique_ptr<Model<Row>> ModelStarter<Row>::start(std::uint64_t seed) const {
  std::unique_ptr<Model<Row>> model = begun(options_.model);
  const NamedArrays given = given_arrays();
  if (!given.empty() && !is_partial(options_.model, given)) {
    model->set_parameters(given, options_.start.file.name);
    return model;
  }
  if (!given.empty() || options_.start.of_rows) {
    start_from_part(seed, given, *model);
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
