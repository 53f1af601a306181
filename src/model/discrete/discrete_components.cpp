#include "shoal/model/discrete/discrete_components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "shoal/core/contract.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/model/empty_clusters.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

constexpr double least_probability = 1e-15;

}  // namespace

template <class Table>
DiscreteComponents<Table>::DiscreteComponents(const ModelOptions& options, const RowCoding& coding)
    : bernoulli_(options.family().rows.values == Values::bits),
      pseudo_count_(options.of<DiscreteOptions>().pseudo_count),
      coding_(coding),
      occurs_(levels(), true),
      probabilities_(options.n_clusters, levels()) {
  const std::vector<double> none(levels(), 0.0);
  for (std::size_t d = 0; d < n_features(); ++d)
    for (std::size_t k = 0; k < n_clusters(); ++k) set_feature(k, d, none, 1.0);
  make_table();
}

template <class Table>
DiscreteComponents<Table>::Workspace::Workspace(const DiscreteComponents& components)
    : symbols(components.coding_.fields().size() * components.tile_rows()),
      scores(components.tile_rows() * line_width<Table>(components.n_clusters())),
      weights(components.tile_rows() * line_width<double>(components.n_clusters())),
      buckets(components.coding_.n_symbols() * line_width<double>(components.n_clusters())),
      ones(components.by_bits() ? components.n_clusters() * 8 * components.coding_.row_bytes() : 0),
      taken(components.n_clusters()) {}

/// Feature by feature: the lines of a group's symbols are those of the features before, plus a level's logarithm.
template <class Table>
void DiscreteComponents<Table>::make_table() {
  const std::size_t n = n_clusters();
  log_probabilities_ = Matrix(levels(), n);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t l = 0; l < levels(); ++l)
      log_probabilities_(l, k) = std::max(probabilities_(k, l), least_probability);
  log_of(log_probabilities_.values, log_probabilities_.values);

  const std::size_t width = line_width<Table>(n);
  table_.assign(coding_.n_symbols() * width, Table(0));
  std::vector<double> lines;
  for (std::size_t g = 0; g < coding_.groups().size(); ++g) {
    const RowCoding::Group& group = coding_.groups()[g];
    lines.assign(group.n_symbols * n, 0.0);
    std::size_t filled = 1;
    for (std::size_t d = group.first_feature; d < group.first_feature + group.n_features; ++d) {
      const auto observed = static_cast<std::size_t>(coding_.levels(d));
      for (std::size_t level = coding_.digits(d); level-- > 0;)  // downwards: level 0 overwrites what the others read
        for (std::size_t i = 0; i < filled * n; ++i)
          lines[level * filled * n + i] =
              lines[i] + (level < observed
                              ? log_probabilities_(static_cast<std::size_t>(levels_of(d).first) + level, i % n)
                              : 0.0);  // a missing entry adds nothing
      filled *= coding_.digits(d);
    }
    for (std::size_t i = 0; i < lines.size(); ++i)
      table_[(coding_.fields()[g].first_line + i / n) * width + i % n] = static_cast<Table>(lines[i]);
  }
}

template <class Table>
SymbolTile DiscreteComponents<Table>::tile_of(const Workspace& workspace) const {
  return {workspace.symbols.data(), tile_rows(), workspace.n_rows, coding_.fields()};
}

template <class Table>
std::size_t DiscreteComponents<Table>::load(const RowBlock<PackedByte>& block, std::size_t first, std::size_t n,
                                            Workspace& workspace) const {
  workspace.n_rows = n;
  workspace.bits = block.row(first);
  unpack_symbols(block.row(first), coding_.row_bytes(), n, coding_.fields(), workspace.symbols.data(), tile_rows());
  return (n + 15) / 16 * 16;
}

template <class Table>
void DiscreteComponents<Table>::score(Workspace& workspace, const ScoreConstants& constants, double* joint) const {
  const std::size_t width = line_width<Table>(n_clusters());
  add_up_lines(tile_of(workspace), table_.data(), width, workspace.scores.data());
  to_components(workspace.scores.data(), width, workspace.n_rows, constants.constant, joint, tile_rows());
}

template <class Table>
void DiscreteComponents<Table>::add(Workspace& workspace, const double* weighted, double* /*sums*/) const {
  const std::size_t width = line_width<double>(n_clusters());
  const std::size_t few = std::min<std::size_t>(4, width / 4) * workspace.n_rows;  // beyond, lines cost less than bits
  if (by_bits() && add_to_bits({workspace.bits, coding_.row_bytes(), workspace.n_rows}, weighted, tile_rows(),
                               n_clusters(), few, workspace.ones.data(), workspace.taken.data()))
    return;
  workspace.buckets_used = true;
  to_rows(weighted, tile_rows(), n_clusters(), workspace.n_rows, workspace.weights.data(), width);
  add_to_lines(tile_of(workspace), workspace.weights.data(), width, !by_bits(), workspace.buckets.data());
}

/// From the buckets of a block to its levels; the buckets are zero again after it.
template <class Table>
void DiscreteComponents<Table>::finish(Workspace& workspace, double* sums) const {
  if (by_bits()) add_ones(workspace, sums);
  if (!std::exchange(workspace.buckets_used, false)) return;
  for (std::size_t g = 0; g < coding_.groups().size(); ++g) fold_group(g, workspace, sums);
}

/// From the bits of a block to its levels. The zeros are what is left of the weight, as bernoulli may have it: it takes
/// the probability of a zero as one less that of a one.
template <class Table>
void DiscreteComponents<Table>::add_ones(Workspace& workspace, double* sums) const {
  const std::size_t n = n_clusters();
  const std::size_t width = 8 * coding_.row_bytes();
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t d = 0; d < n_features(); ++d) {
      const double ones = workspace.ones[k * width + d];
      sums[2 * d * n + k] += workspace.taken[k] - ones;
      sums[(2 * d + 1) * n + k] += ones;
    }
  std::ranges::fill(workspace.ones, 0.0);
  std::ranges::fill(workspace.taken, 0.0);
}

template <class Table>
void DiscreteComponents<Table>::fold_group(std::size_t g, Workspace& workspace, double* sums) const {
  const RowCoding::Group& group = coding_.groups()[g];
  const std::size_t width = line_width<double>(n_clusters());
  double* lines = workspace.buckets.data() + coding_.fields()[g].first_line * width;
  std::size_t n = group.n_symbols;
  for (std::size_t d = group.first_feature + group.n_features; d-- > group.first_feature;) {
    const std::size_t rest = n / coding_.digits(d);
    workspace.levels.resize(coding_.digits(d) * width);
    fold_lines(lines, coding_.digits(d), rest, width, workspace.levels.data());
    for (std::int64_t level = 0; level < coding_.levels(d); ++level)
      for (std::size_t k = 0; k < n_clusters(); ++k)
        sums[static_cast<std::size_t>(levels_of(d).first + level) * n_clusters() + k] +=
            workspace.levels[static_cast<std::size_t>(level) * width + k];
    n = rest;
  }
  std::fill_n(lines, width, 0.0);
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

/// Moments are those of indicators of the levels, so that what has weight has a mean.
template <class Table>
void DiscreteComponents<Table>::begin_fit(const RowPass<PackedByte>& /*pass*/, const ColumnMoments& moments) {
  if (bernoulli_) return;
  expects(moments.mean.size() == levels(), "begin_fit: moments are those of the levels");
  for (std::size_t l = 0; l < levels(); ++l) occurs_[l] = moments.mean[l] > 0;
}

template <class Table>
void DiscreteComponents<Table>::maximise_start(std::span<const double> /*n*/, Step sums) {
  std::vector<double> added(n_features());
  for (std::size_t d = 0; d < n_features(); ++d) added[d] = 1.0 / static_cast<double>(levels_of(d).size());
  set_from_sums(sums, added);
}

template <class Table>
bool DiscreteComponents<Table>::maximise(std::span<const double> /*n*/, Step sums, Repairs& /*repairs*/) {
  const std::vector<double> before = probabilities_.values;
  set_from_sums(sums, std::vector<double>(n_features(), pseudo_count_));
  return !same_bits(before, probabilities_.values);
}

template <class Table>
void DiscreteComponents<Table>::reseed(std::size_t k, std::span<const PackedByte> row) {
  std::vector<Code> codes(n_features());
  coding_.decode(row.data(), codes.data());
  std::vector<double> sums(levels(), 0.0);
  for (std::size_t d = 0; d < n_features(); ++d) {
    if (codes[d] != missing_code) sums[static_cast<std::size_t>(levels_of(d).first) + codes[d]] = 1;
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
            {"level_offsets", {n_features() + 1}, {coding_.offsets().begin(), coding_.offsets().end()}, true}};
  Matrix ones(n_clusters(), n_features());
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t d = 0; d < n_features(); ++d) ones(k, d) = probabilities_(k, 2 * d + 1);
  return {as_array("probabilities", ones)};
}

template <class Table>
void DiscreteComponents<Table>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  const std::size_t columns = bernoulli_ ? n_features() : levels();
  const Matrix stored = require_matrix(arrays, "probabilities", n_clusters(), columns, source);
  for (std::size_t k = 0; k < n_clusters(); ++k)
    for (std::size_t l = 0; l < levels(); ++l) {
      const double one = bernoulli_ ? stored(k, l / 2) : stored(k, l);
      probabilities_(k, l) = bernoulli_ && l % 2 == 0 ? 1 - one : one;
    }
  make_table();
}

/// The probabilities of a feature sum to one, and that of a level which no row has is not estimated: it is zero, or
/// what the prior says.
template <class Table>
std::int64_t DiscreteComponents<Table>::n_parameters() const {
  std::int64_t free = 0;
  for (std::size_t d = 0; d < n_features(); ++d) {
    const Range range = levels_of(d);
    const std::int64_t occur = std::count(occurs_.begin() + range.first, occurs_.begin() + range.last, true);
    free += std::max<std::int64_t>(occur - 1, 0);
  }
  return static_cast<std::int64_t>(n_clusters()) * free;
}

/// "3 (Bern), 4 and 7 more of town"; empty where all occur.
template <class Table>
std::string DiscreteComponents<Table>::unused_levels(std::size_t feature, const FeatureNames& names) const {
  std::vector<std::string> unused;
  for (std::int64_t l = levels_of(feature).first; l < levels_of(feature).last; ++l) {
    if (occurs_[static_cast<std::size_t>(l)]) continue;
    const auto code = static_cast<std::size_t>(l - levels_of(feature).first);
    const std::string* name = names.of_level(feature, code);
    unused.push_back(name == nullptr ? fmt::format("{}", code) : fmt::format("{} ({})", code, *name));
  }
  return unused.empty() ? "" : fmt::format("{} of {}", some_of(unused), names.of(feature));
}

template <class Table>
std::vector<std::string> DiscreteComponents<Table>::warnings(const FeatureNames& names) const {
  std::vector<std::string> unused;
  bool from_one = false;
  for (std::size_t d = 0; d < n_features(); ++d) {
    std::string levels = unused_levels(d, names);
    if (levels.empty()) continue;
    unused.push_back(std::move(levels));
    const auto first = static_cast<std::size_t>(levels_of(d).first);
    from_one = from_one ||
               (levels_of(d).size() > 1 && !occurs_[first] && occurs_[first + 1] && names.of_level(d, 0) == nullptr);
  }
  if (unused.empty()) return {};
  return {fmt::format("levels that no row has are not counted as parameters: {}{}", some_of(unused, 5, "; "),
                      from_one ? " (codes count from 0: subtract 1 where yours begin at 1)" : "")};
}

template class DiscreteComponents<float>;
template class DiscreteComponents<double>;

}  // namespace shoal
