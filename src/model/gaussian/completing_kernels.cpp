// Full and tied covariances of rows with missing entries. A row is completed, for each component, by the conditional
// means of what it lacks, and then is a row like others: its form is that of the observed part. What is left is the
// constant of its density, and the conditional covariance that the scatter of completed rows lacks (Ghahramani & Jordan
// 1994; Hunt & Jorgensen 2003); without it covariances would shrink.
#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>

#include "model/gaussian/gaussian_kernels.hpp"
#include "model/gaussian/most_beyond.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/conditional.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/triangular_form.hpp"

namespace shoal {
namespace {

/// Parameters by eights, number i of component l of an eight at [i * side_by_side + l]; the last eight is filled up by
/// its first component.
std::vector<double> by_eights(std::size_t n_components, std::size_t n_numbers,
                              const std::function<double(std::size_t, std::size_t)>& number) {
  const std::size_t eights = (n_components + side_by_side - 1) / side_by_side;
  std::vector<double> all(eights * n_numbers * side_by_side);
  for (std::size_t k = 0; k < eights * side_by_side; ++k)
    for (std::size_t i = 0; i < n_numbers; ++i)
      all[(k / side_by_side * n_numbers + i) * side_by_side + k % side_by_side] =
          number(k < n_components ? k : k / side_by_side * side_by_side, i);
  return all;
}

/// With one covariance for all (tied), sums are the firsts of all components and one triangle.
template <class T>
class Completing final : public GaussianKernels<T> {
  using typename GaussianKernels<T>::Frame;
  using typename GaussianKernels<T>::Tile;

 public:
  explicit Completing(bool tied) : tied_(tied) {}
  bool needs_parameters() const override { return true; }
  void load(const RowBlock<T>& /*block*/, std::size_t /*first*/, std::size_t n, const Frame& frame,
            Tile& tile) const override {
    tile.gaps.find(tile.rows.data(), n, frame.n_features);
  }
  void clear_rows(const double* weight, const Frame& /*frame*/, Tile& tile) const override {
    tile.gaps.clear_rows(weight);
  }

  void prepare(const std::vector<Matrix>& covariances, Frame& frame) override;
  void score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const override;

  std::size_t n_sums(const Frame& frame) const override {
    return frame.n_clusters * frame.n_features + (tied_ ? 1 : frame.n_clusters) * packed(frame.n_features, 0);
  }
  void impute(const Frame& frame, Tile& tile, const double* responsibilities, double* imputed,
              double* deviations) const override;
  void add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const override;
  ComponentSums sums_of(const Frame& frame, std::size_t k, double n, std::span<const double> sums) const override {
    return tied_ ? tied_sums_of(frame, k, n, sums) : GaussianKernels<T>::sums_of(frame, k, n, sums);
  }
  Scatter scatter_of(const ComponentSums& component) const override { return triangle_scatter(component); }
  void complete(const Frame& frame, GaussianStep& step) const override {
    tied_ ? complete_tied(step) : GaussianKernels<T>::complete(frame, step);
  }

 private:
  using Pattern = TileGaps::Pattern;
  /// What a pattern needs of eight components.
  struct Conditional {
    const double* covariance;
    const double* log_determinant;
  };
  [[nodiscard]] std::size_t eights() const { return means_.size() / (side_by_side * n_features_); }
  [[nodiscard]] ConditionalComponents components(std::size_t eight) const {
    const std::size_t one = n_features_ * side_by_side;
    return {n_features_, precisions_.data() + (tied_ ? 0 : eight * n_features_ * one), means_.data() + eight * one};
  }
  Conditional conditional(const Pattern& pattern, std::size_t eight, TileGaps& gaps) const;
  void complete_rows(Tile& tile) const;
  void fill_in(std::size_t k, Tile& tile) const;
  void set_adjustments(std::size_t k, TileGaps& gaps) const;
  void add_covariances(std::size_t k, TileGaps& gaps, const double* weighted, double* triangle) const;

  bool tied_;
  std::size_t n_features_ = 0;
  std::vector<std::vector<T>> triangles_;  ///< K or one, packed L^-1
  std::vector<double> precisions_;         ///< by eights, D x D; tied: one eight
  std::vector<double> means_;              ///< by eights, D, less the origin
  std::uint64_t version_ = 0;              ///< of these, among those of all
};

template <class T>
void Completing<T>::prepare(const std::vector<Matrix>& covariances, Frame& frame) {
  static std::atomic<std::uint64_t> versions{0};
  version_ = ++versions;
  n_features_ = frame.n_features;
  triangles_.clear();
  std::vector<Matrix> precisions;
  for (const Matrix& covariance : covariances) {
    const auto [inverse, log_peak] = whitening_of(covariance);
    triangles_.push_back(pack_triangle<T>(inverse));
    precisions.push_back(gram(inverse));
    frame.log_peak.push_back(log_peak);
    frame.log_most.push_back(log_peak + most_beyond(covariance));
  }
  frame.log_peak.resize(frame.n_clusters, frame.log_peak.front());
  frame.log_most.resize(frame.n_clusters, frame.log_most.front());
  precisions_ = by_eights(precisions.size(), n_features_ * n_features_,
                          [&](std::size_t k, std::size_t i) { return precisions[k].values[i]; });
  means_ = by_eights(frame.n_clusters, n_features_, [&](std::size_t k, std::size_t j) {
    return static_cast<double>(frame.means[k * n_features_ + j]);
  });
}

template <class T>
typename Completing<T>::Conditional Completing<T>::conditional(const Pattern& pattern, std::size_t eight,
                                                               TileGaps& gaps) const {
  const auto missing = gaps.features(pattern);
  const std::size_t triangle = packed(missing.size(), 0) * side_by_side, one = triangle + side_by_side;
  const std::size_t n = tied_ ? 1 : eights();
  if (tied_) eight = 0;
  bool fresh = false;
  double* kept = gaps.keep(pattern, n * one, fresh);
  if (kept == nullptr) {
    gaps.scratch.resize(triangle + one);
    double* const own = gaps.scratch.data() + triangle;
    conditional_covariance(components(eight), missing, gaps.scratch.data(), own, own + triangle);
    return {own, own + triangle};
  }
  if (fresh) {
    gaps.scratch.resize(triangle);
    for (std::size_t e = 0; e < n; ++e)
      conditional_covariance(components(e), missing, gaps.scratch.data(), kept + e * one, kept + e * one + triangle);
  }
  return {kept + eight * one, kept + eight * one + triangle};
}

/// Under each component, once a tile.
template <class T>
void Completing<T>::complete_rows(Tile& tile) const {
  TileGaps& gaps = tile.gaps;
  gaps.belong_to(version_);
  gaps.completed = true;
  gaps.values.resize(eights() * gaps.places().size() * side_by_side);
  std::vector<double> scratch(2 * n_features_ * side_by_side);
  double* values = gaps.values.data();
  for (std::size_t eight = 0; eight < eights(); ++eight, values += gaps.places().size() * side_by_side)
    for (const Pattern& pattern : gaps.patterns())
      conditional_means(components(eight), gaps.features(pattern), conditional(pattern, eight, gaps).covariance,
                        tile.rows.data(), gaps.offsets(pattern), scratch.data(),
                        values + pattern.first_entry * side_by_side);
}

/// The rows as component k completes them.
template <class T>
void Completing<T>::fill_in(std::size_t k, Tile& tile) const {
  const std::span<const std::size_t> places = tile.gaps.places();
  const double* values = tile.gaps.values.data() + k / side_by_side * places.size() * side_by_side + k % side_by_side;
  for (std::size_t i = 0; i < places.size(); ++i) tile.rows[places[i]] = static_cast<T>(values[i * side_by_side]);
}

/// (|m| ln 2 pi - ln |P_mm|) / 2 for rows with missing entries m.
template <class T>
void Completing<T>::set_adjustments(std::size_t k, TileGaps& gaps) const {
  for (const Pattern& pattern : gaps.patterns()) {
    const double log_determinant = conditional(pattern, k / side_by_side, gaps).log_determinant[k % side_by_side];
    const double adjustment = 0.5 * (static_cast<double>(gaps.features(pattern).size()) * log_two_pi - log_determinant);
    for (const std::uint32_t row : gaps.rows(pattern)) gaps.adjust[row] = adjustment;
  }
}

template <class T>
void Completing<T>::score(const Frame& frame, Tile& tile, const ScoreConstants& constants, double* joint) const {
  const std::size_t d = frame.n_features;
  complete_rows(tile);
  tile.form.resize(d * group_rows<T>);
  tile.best.assign(frame.tile_rows, -std::numeric_limits<double>::infinity());
  tile.gaps.adjust.assign(frame.tile_rows, 0.0);
  const double stricter = log_of(static_cast<double>(1 + d));  // 1 + q + D for 1 + q
  for (std::size_t k = 0; k < frame.n_clusters; ++k) {
    fill_in(k, tile);
    set_adjustments(k, tile.gaps);
    triangular_score<T>(tile.rows.data(), tile.n_rows, d,
                        {frame.means.data() + k * d, triangles_[tied_ ? 0 : k].data(), constants.constant[k],
                         constants.log_threshold[k] - stricter, tile.gaps.adjust.data()},
                        tile.form.data(), tile.best.data(), joint + k * frame.tile_rows);
  }
}

template <class T>
void Completing<T>::impute(const Frame& frame, Tile& tile, const double* responsibilities, double* imputed,
                           double* deviations) const {
  const std::size_t n = frame.n_clusters;
  TileGaps& gaps = tile.gaps;
  std::vector<double> variances;  // of the missing entries of a pattern, under each component
  for (const Pattern& pattern : gaps.patterns()) {
    const auto missing = gaps.features(pattern);
    variances.resize(missing.size() * n);
    for (std::size_t k = 0; k < n; ++k) {
      const double* covariance = conditional(pattern, k / side_by_side, gaps).covariance + k % side_by_side;
      for (std::size_t a = 0; a < missing.size(); ++a) variances[a * n + k] = covariance[packed(a, a) * side_by_side];
    }
    for (std::size_t i = 0; i < pattern.n_rows * missing.size(); ++i) {
      const std::size_t row = gaps.rows(pattern)[i / missing.size()], a = i % missing.size();
      const double* values = gaps.values.data() + (pattern.first_entry + i) * side_by_side;
      const Blend found = blend(
          {responsibilities + row * n, n},
          [&](std::size_t k) {
            return values[k / side_by_side * gaps.places().size() * side_by_side + k % side_by_side];
          },
          [&](std::size_t k) { return variances[a * n + k]; });
      const std::size_t place = row * frame.n_features + missing[a];
      imputed[place] = static_cast<double>(frame.origin[missing[a]]) + found.mean;
      deviations[place] = found.deviation;
    }
  }
}

/// (sum of w r) P_mm^-1 for each pattern.
template <class T>
void Completing<T>::add_covariances(std::size_t k, TileGaps& gaps, const double* weighted, double* triangle) const {
  for (const Pattern& pattern : gaps.patterns()) {
    double sum = 0;
    for (const std::uint32_t row : gaps.rows(pattern)) sum += weighted[row];
    if (sum == 0) continue;
    const double* covariance = conditional(pattern, k / side_by_side, gaps).covariance + k % side_by_side;
    const auto missing = gaps.features(pattern);
    for (std::size_t a = 0; a < missing.size(); ++a)
      for (std::size_t b = 0; b <= a; ++b)
        triangle[packed(missing[a], missing[b])] += sum * covariance[packed(a, b) * side_by_side];
  }
}

template <class T>
void Completing<T>::add(const Frame& frame, Tile& tile, const double* weighted, double* sums) const {
  const std::size_t d = frame.n_features, triangle = packed(d, 0);
  if (!tile.gaps.completed) complete_rows(tile);
  for (std::size_t k = 0; k < frame.n_clusters; ++k, weighted += frame.tile_rows) {
    double* const first = sums + k * (tied_ ? d : d + triangle);
    double* const second = tied_ ? sums + frame.n_clusters * d : first + d;
    fill_in(k, tile);
    add_scatter(tile.rows.data(), tile.n_rows, d, frame.centres.data() + k * d, weighted, tile.scatter, first, second);
    add_covariances(k, tile.gaps, weighted, second);
  }
}

}  // namespace

template <class T>
std::unique_ptr<GaussianKernels<T>> completing_kernels(Covariance covariance) {
  return std::make_unique<Completing<T>>(covariance == Covariance::tied);
}
template std::unique_ptr<GaussianKernels<float>> completing_kernels<float>(Covariance);
template std::unique_ptr<GaussianKernels<double>> completing_kernels<double>(Covariance);

}  // namespace shoal
