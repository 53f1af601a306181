#include "search/sample_fits.hpp"

#include "shoal/core/error.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// What a search changes: clusters that lose their rows begin anew, whatever is to be done with them at the end.
ModelOptions options_of_search(ModelOptions options) {
  options.empty_cluster = EmptyCluster::reseed;
  return options;
}

}  // namespace

template <class Row>
SampleFits<Row>::SampleFits(const ModelOptions& options, const RowLayout& layout, const ColumnMoments& moments,
                            Seeding seeding)
    : options_(options_of_search(options)),
      layout_(layout),
      moments_(moments),
      seeding_(seeding),
      space_(options.family().seed_metric(options), moments, layout) {}

template <class Row>
std::unique_ptr<Model<Row>> SampleFits<Row>::model(std::size_t n_clusters) const {
  ModelOptions options = options_;
  options.n_clusters = n_clusters;
  return make_model<Row>(options, layout_);
}

template <class Row>
std::unique_ptr<Model<Row>> SampleFits<Row>::fixed(const NamedArrays& parameters) const {
  std::unique_ptr<Model<Row>> made = model(n_clusters_of(parameters));
  made->set_parameters(parameters, "a search");
  return made;
}

template <class Row>
Candidate SampleFits<Row>::run(Model<Row>& model, const RowPass<Row>& pass, const ShortFit& limits) const {
  FitOptions options;
  options.max_iterations = limits.steps;
  options.tolerance = limits.change;
  options.stopping = Stopping::change;
  Observer nobody;
  const FitResult result = fit(model, pass, options, nobody);
  Candidate found{model.parameters(), result.objective, result.counts, {}, 0};
  const ModelSize size{model.n_clusters(), model.n_features(), 0};
  found.soundness = soundness_of(options_, size, found.parameters, found.counts, moments_, pass.summary());
  found.passes = static_cast<double>((result.n_iterations + 1) * static_cast<std::int64_t>(size.n_clusters)) /
                 static_cast<double>(options_.n_clusters);
  return found;
}

template <class Row>
Candidate SampleFits<Row>::from_parameters(const Sample<Row>& rows, const NamedArrays& start,
                                           const ShortFit& limits) const {
  try {
    const RowPass<Row> pass = rows.pass();
    const std::unique_ptr<Model<Row>> fitted = model(n_clusters_of(start));
    fitted->begin_fit(pass, moments_);
    fitted->resume(start, {}, "a search");
    return run(*fitted, pass, limits);
  } catch (const Error&) {  // parameters that no model can have, or an objective that is no number
    return {};
  }
}

template <class Row>
Candidate SampleFits<Row>::from_seeds(const Sample<Row>& rows, const Seeds<Row>& seeds, std::size_t n_clusters,
                                      const ShortFit& limits) const {
  try {
    const RowPass<Row> pass = rows.pass();
    const std::unique_ptr<Model<Row>> fitted = model(n_clusters);
    fitted->begin_fit(pass, moments_);
    fitted->start(seeds.values, seeds.labels, pass);
    return run(*fitted, pass, limits);
  } catch (const Error&) {
    return {};
  }
}

template <class Row>
Candidate SampleFits<Row>::from_draw(const Sample<Row>& rows, std::uint64_t seed, const ShortFit& limits) const {
  const std::size_t k = options_.n_clusters;
  try {
    const Seeds<Row> seeds = draw_seeds(rows.pass(), space_, seeding_, seed, k, family().mixture);
    return from_seeds(rows, seeds, k, limits);
  } catch (const Error&) {  // the sample may hold fewer distinct rows than there are
    return {};
  }
}

template class SampleFits<float>;
template class SampleFits<double>;
template class SampleFits<PackedByte>;

}  // namespace shoal
