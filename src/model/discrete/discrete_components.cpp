#include "shoal/model/discrete/discrete_components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "shoal/core/error.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/model/hard.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

constexpr double least_probability = 1e-15;

}  // namespace

template <class Table>
DiscreteComponents<Table>::DiscreteComponents(const ModelOptions& options, LevelOffsets offsets)
    : bernoulli_(options.kind == ModelKind::bernoulli),
      pseudo_count_(options.pseudo_count),
      offsets_(std::move(offsets)),
      probabilities_(options.n_clusters, levels()) {
  const std::vector<double> none(levels(), 0.0);
  for (std::size_t d = 0; d < n_features(); ++d)
    for (std::size_t k = 0; k < n_clusters(); ++k) set_feature(k, d, none, 1.0);
  make_table();
}

template <class Table>
void DiscreteComponents<Table>::make_table() {
  log_probabilities_ = Matrix(levels(), n_clusters());
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t l = 0; l < levels(); ++l)
      log_probabilities_(l, k) = std::max(probabilities_(k, l), least_probability);
  log_of(log_probabilities_.values, log_probabilities_.values);
  table_.assign(log_probabilities_.values.begin(), log_probabilities_.values.end());
}

template <class Table>
std::size_t DiscreteComponents<Table>::load(const RowBlock<Code>& block, std::size_t first, std::size_t n,
                                            Workspace& workspace) const {
  workspace.rows = {block.row(first), n * block.n_features};
  workspace.n_rows = n;
  return (n + 15) / 16 * 16;
}

template <class Table>
void DiscreteComponents<Table>::score(Workspace& workspace, const ScoreConstants& constants, double* joint) const {
  if (workspace.n_rows < code_tile_rows) std::fill(joint, joint + n_clusters() * code_tile_rows, 0.0);
  const std::vector<Table> start(constants.constant.begin(), constants.constant.end());
  add_up_table(workspace.rows, workspace.n_rows, offsets_, table_.data(), start.data(), n_clusters(), joint);
}

template <class Table>
void DiscreteComponents<Table>::add(Workspace& workspace, const double* weighted, double* sums) const {
  add_to_levels(workspace.rows, workspace.n_rows, offsets_, weighted, n_clusters(), sums);
}

template <class Table>
double DiscreteComponents<Table>::log_prior() const {
  if (pseudo_count_ == 0) return 0;
  double sum = 0;
  for (const double value : log_probabilities_.values) sum += value;
  return pseudo_count_ * sum;
}

/// theta_kdl = (s_l + added) / (sum of s over the levels + L added). Without any weight the old values stand.
template <class Table>
void DiscreteComponents<Table>::set_feature(std::size_t k, std::size_t feature, std::span<const double> sums,
                                            double added) {
  const Range range = levels_of(feature);
  double total = 0;
  for (std::int64_t l = range.first; l < range.last; ++l) total += sums[static_cast<std::size_t>(l)] + added;
  if (total <= 0) return;
  for (std::int64_t l = range.first; l < range.last; ++l)
    probabilities_(k, static_cast<std::size_t>(l)) = (sums[static_cast<std::size_t>(l)] + added) / total;
  const auto first = static_cast<std::size_t>(range.first);
  if (bernoulli_) probabilities_(k, first) = 1 - probabilities_(k, first + 1);  // only level 1 is stored in files
}

template <class Table>
void DiscreteComponents<Table>::set_from_sums(std::span<const double> sums, std::span<const double> added) {
  std::vector<double> column(levels());
  for (std::size_t k = 0; k < n_clusters(); ++k) {
    for (std::size_t l = 0; l < levels(); ++l) column[l] = sums[l * n_clusters() + k];
    for (std::size_t d = 0; d < n_features(); ++d) set_feature(k, d, column, added[d]);
  }
  make_table();
}

template <class Table>
void DiscreteComponents<Table>::maximise_start(std::span<const double> /*n*/, std::span<const double> sums) {
  std::vector<double> added(n_features());
  for (std::size_t d = 0; d < n_features(); ++d) added[d] = 1.0 / static_cast<double>(levels_of(d).size());
  set_from_sums(sums, added);
}

template <class Table>
void DiscreteComponents<Table>::maximise(std::span<const double> /*n*/, std::span<const double> sums,
                                         Repairs& /*repairs*/) {
  set_from_sums(sums, std::vector<double>(n_features(), pseudo_count_));
}

template <class Table>
void DiscreteComponents<Table>::reseed(std::size_t k, std::span<const Code> row) {
  std::vector<double> sums(levels(), 0.0);
  for (std::size_t d = 0; d < n_features(); ++d) {
    if (row[d] != missing_code) sums[static_cast<std::size_t>(offsets_[d]) + row[d]] = 1;
    set_feature(k, d, sums, 1.0 / static_cast<double>(levels_of(d).size()));
  }
  make_table();
}

template <class Table>
void DiscreteComponents<Table>::remove(const std::vector<std::size_t>& clusters) {
  probabilities_ = without_rows(probabilities_, clusters);
  make_table();
}

template <class Table>
NamedArrays DiscreteComponents<Table>::parameters() const {
  if (!bernoulli_)
    return {as_array("probabilities", probabilities_),
            {"level_offsets", {offsets_.size()}, {offsets_.begin(), offsets_.end()}, true}};
  Matrix ones(n_clusters(), n_features());
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t d = 0; d < n_features(); ++d) ones(k, d) = probabilities_(k, 2 * d + 1);
  return {as_array("probabilities", ones)};
}

template <class Table>
void DiscreteComponents<Table>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  const std::size_t columns = bernoulli_ ? n_features() : levels();
  const Matrix stored = require_matrix(arrays, "probabilities", n_clusters(), columns, source);
  for (const double p : stored.values)
    if (p < 0 || p > 1)
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/probabilities holds {}, outside 0 to 1", source, p));
  if (!bernoulli_) check_levels(arrays, stored, source);
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t l = 0; l < levels(); ++l) {
      const double one = bernoulli_ ? stored(k, l / 2) : stored(k, l);
      probabilities_(k, l) = bernoulli_ && l % 2 == 0 ? 1 - one : one;
    }
  make_table();
}

/// Levels as in the data, and probabilities that sum to one for each feature.
template <class Table>
void DiscreteComponents<Table>::check_levels(const NamedArrays& arrays, const Matrix& stored,
                                             const std::string& source) const {
  const NamedArray* offsets = find(arrays, "level_offsets");
  if (offsets != nullptr && !std::ranges::equal(offsets->values, offsets_))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/level_offsets differ from the levels of the data", source));
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t d = 0; d < n_features(); ++d) {
      const Range range = levels_of(d);
      double sum = 0;
      for (std::int64_t l = range.first; l < range.last; ++l) sum += stored(k, static_cast<std::size_t>(l));
      if (!(std::abs(sum - 1) <= 1e-6))
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: /parameters/probabilities of cluster {}, feature {} sum to {}, not to 1", source,
                                k, d, sum));
    }
}

template <class Table>
std::int64_t DiscreteComponents<Table>::n_parameters() const {
  return static_cast<std::int64_t>(n_clusters() * (levels() - n_features()));
}

template class DiscreteComponents<float>;
template class DiscreteComponents<double>;

}  // namespace shoal
