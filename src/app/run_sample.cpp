#include <fmt/format.h>

#include <algorithm>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/data_file.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/model/sampler.hpp"
#include "shoal/run/fitted.hpp"

namespace shoal::app {
namespace {

/// This rank's draws, in the type that is stored.
template <class T>
struct Draws {
  std::vector<T> rows;
  std::vector<std::int32_t> labels;
};

/// In the data's units.
template <class T>
Draws<T> draw_rows(const Sampler& sampler, const Range& range, const ModelFile& model, std::uint64_t seed) {
  const auto n_features = static_cast<std::size_t>(model.n_features);
  Draws<T> draws{std::vector<T>(static_cast<std::size_t>(range.size()) * n_features),
                 std::vector<std::int32_t>(static_cast<std::size_t>(range.size()))};
  std::vector<double> row(n_features);
  for (std::size_t r = 0; r < draws.labels.size(); ++r) {
    draws.labels[r] = sampler.draw(seed, static_cast<std::uint64_t>(range.first) + r, row);
    for (std::size_t j = 0; j < n_features && !model.scaling.empty(); ++j) row[j] = model.scaling.unscaled(row[j], j);
    std::ranges::transform(row, draws.rows.begin() + static_cast<std::ptrdiff_t>(r * n_features),
                           [](double value) { return static_cast<T>(value); });
  }
  return draws;
}

template <class T>
void sample_as(const Communicator& comm, const Arguments& arguments, const ModelFile& model, const Sampler& sampler,
               ElementType type, const std::vector<std::int64_t>& levels) {
  OutputFile output(comm, arguments.output, arguments.overwrite);
  const auto rows_of = [&](int rank) {
    return Range{arguments.sample_rows * rank / comm.size(), arguments.sample_rows * (rank + 1) / comm.size()};
  };
  Draws<T> draws;
  agree(comm, [&] { draws = draw_rows<T>(sampler, rows_of(comm.rank()), model, arguments.seed); });
  const DataHead head{type, arguments.sample_rows, model.n_features, levels, model.feature_names, model.level_names};
  write_data(comm, output, head, rows_of, draws.rows.data(), {{"/labels", ElementType::int32, 0, draws.labels.data()}});
  output.commit();
  say(comm, arguments,
      fmt::format(
          "wrote {} rows of {} features to {}{}", arguments.sample_rows, model.n_features, printable(arguments.output),
          stored_options(model, arguments.model_file).noisy ? ": true values, without the noise of the fit's rows"
                                                            : ""));
}

}  // namespace

void run_sample(const Communicator& comm, const Arguments& arguments) {
  require_different_files(comm, {arguments.output}, {arguments.model_file, arguments.config});
  const ModelFile model = load(comm, arguments.model_file);
  require_different_files(comm, {arguments.output}, model.sources);
  const ModelOptions options = stored_options(model, arguments.model_file).model;
  const auto n_features = static_cast<std::size_t>(model.n_features);
  const Sampler sampler(options, {options.n_clusters, n_features, 0}, model.parameters, arguments.model_file);
  switch (options.family().rows.values) {
    case Values::numbers:
      return sample_as<double>(comm, arguments, model, sampler, ElementType::float64, {});
    case Values::counts:
      return sample_as<std::int64_t>(comm, arguments, model, sampler, ElementType::int64, {});
    case Values::bits:
      return sample_as<std::uint8_t>(comm, arguments, model, sampler, ElementType::uint8, {});
    case Values::codes:
      break;
  }
  const LevelOffsets offsets = level_offsets_of(options.family(), model);
  std::vector<std::int64_t> levels;
  for (std::size_t d = 0; d + 1 < offsets.size(); ++d) levels.push_back(offsets[d + 1] - offsets[d]);
  sample_as<std::uint16_t>(comm, arguments, model, sampler, ElementType::uint16, levels);
}

}  // namespace shoal::app
