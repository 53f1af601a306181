#include "shoal/model/family.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/gaussian/flattest.hpp"
#include "model/gaussian/sampler.hpp"
#include "model/mixture/mixture-inl.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/conditional.hpp"
#include "shoal/math/row_groups.hpp"
#include "shoal/model/gaussian/covariance_policy.hpp"
#include "shoal/model/gaussian/gaussian_components.hpp"
#include "shoal/model/gaussian/tile_gaps.hpp"

namespace shoal {
namespace {

const GaussianOptions& own(const ModelOptions& options) { return options.of<GaussianOptions>(); }

std::vector<Parameter> parameters(const ModelOptions& options, const ModelSize& size) {
  const Units units = has_matrices(own(options).covariance)         ? Units::products
                      : own(options).covariance == Covariance::diag ? Units::squares
                                                                    : Units::mean_square;
  const Chart chart = has_matrices(own(options).covariance) ? Chart::log_cholesky : Chart::logarithms;
  return {{"means", {size.n_clusters, size.n_features}, Domain::numbers, Units::places},
          {"covariances", covariance_policy(own(options).covariance).layout(size.n_clusters, size.n_features).shape,
           Domain::numbers, units, chart}};
}

std::size_t n_sums(const ModelOptions& options, const ModelSize& size) {
  const std::size_t d = size.n_features, triangle = d * (d + 1) / 2;
  if (own(options).covariance == Covariance::full) return size.n_clusters * (d + triangle);
  if (own(options).covariance == Covariance::tied) return size.n_clusters * d + triangle;  // without, where it can
  if (options.missing == Missing::marginalize) return size.n_clusters * 3 * d;
  return size.n_clusters * (own(options).covariance == Covariance::diag ? 2 * d : d + 1);
}

ModelMemory memory(const ModelOptions& options, const ModelSize& size, std::size_t value_bytes) {
  const Covariance kind = own(options).covariance;
  const std::size_t tile = tile_rows_for(size.n_clusters, size.n_features, value_bytes);
  const CovarianceLayout layout = covariance_policy(kind).layout(size.n_clusters, size.n_features);
  const auto v = static_cast<double>(value_bytes), d = static_cast<double>(size.n_features),
             rows = static_cast<double>(tile), matrix = 8 * static_cast<double>(layout.rows * layout.columns),
             all = matrix * static_cast<double>(layout.count), means = static_cast<double>(size.n_clusters) * d;
  ModelMemory memory;
  // The rows, centred and gathered; their moments or, tied, what whitens them.
  memory.thread = mixture_thread_bytes(size.n_clusters, tile) + rows * v * 5 * d + 256 * (d + 4);
  memory.parameters = all + means * (8 + 2 * v);
  memory.update = 3 * 8 * means;
  if (has_matrices(kind)) {
    memory.parameters += all / 16 * v;  // packed factors
    memory.parameters += matrix;        // of all: the scatter (tied), a covariance (full)
    memory.update += 3 * matrix;        // a covariance, its factor and the inverse
  }
  if (has_matrices(kind) && options.missing == Missing::marginalize) {  // completed entries, precisions, what is kept
    const double eights = static_cast<double>((size.n_clusters + side_by_side - 1) / side_by_side * side_by_side);
    memory.thread += 8 * (rows * d * (eights + 1) + static_cast<double>(TileGaps::most_kept));
    memory.parameters += 8 * eights * d * (1 + (kind == Covariance::full ? d : 0)) + 8 * side_by_side * d * d;
  }
  return memory;
}

/// One symmetric matrix: what rounding left is put right, what is more is an error.
void make_symmetric(Matrix& matrix, std::size_t number, const std::string& source) {
  for (std::size_t i = 0; i < matrix.rows; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double lower = matrix(i, j), upper = matrix(j, i);
      const double scale = std::sqrt(std::abs(matrix(i, i))) * std::sqrt(std::abs(matrix(j, j)));
      if (!(std::abs(lower - upper) <= 1e-8 * scale))
        throw Error(
            ExitCode::bad_data,
            fmt::format("{}: /parameters/covariances number {} is not symmetric: {} at ({}, {}), {} at ({}, {})",
                        source, number, lower, i, j, upper, j, i));
      if (lower != upper) matrix(i, j) = matrix(j, i) = lower / 2 + upper / 2;
    }
}

void check_variances(const NamedArray& stored, const std::string& source) {
  for (std::size_t i = 0; i < stored.values.size(); ++i)
    if (!(stored.values[i] > 0))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters/covariances holds {} at flat index {}; variances are positive", source,
                              stored.values[i], i));
}

/// Covariances are symmetric and positive definite.
void check(const ModelOptions& options, const ModelSize& size, const std::string& source, NamedArrays& arrays) {
  NamedArray& stored = *std::ranges::find(arrays, "covariances", &NamedArray::name);
  if (!has_matrices(own(options).covariance)) return check_variances(stored, source);
  const std::size_t d = size.n_features;
  Matrix one(d, d);
  for (std::size_t number = 0; number * d * d < stored.values.size(); ++number) {
    const auto first = stored.values.begin() + static_cast<std::ptrdiff_t>(number * d * d);
    std::copy_n(first, d * d, one.values.begin());
    make_symmetric(one, number, source);
    if (!cholesky(one))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters/covariances: number {} is not positive definite", source, number));
    std::ranges::copy(one.values, first);
  }
}

/// The diagonals.
Matrix variances(const ModelOptions& options, const ModelSize& size, const NamedArrays& arrays) {
  const CovarianceLayout layout = covariance_policy(own(options).covariance).layout(size.n_clusters, size.n_features);
  const std::vector<double>& stored = find(arrays, "covariances")->values;
  const std::size_t one = layout.rows * layout.columns;
  const std::size_t step = layout.rows > 1 ? layout.columns + 1 : layout.columns > 1 ? 1 : 0;
  Matrix found(size.n_clusters, size.n_features);
  for (std::size_t k = 0; k < found.rows; ++k)
    for (std::size_t j = 0; j < found.columns; ++j) found(k, j) = stored[(layout.count > 1 ? k * one : 0) + j * step];
  return found;
}

template <class T>
std::unique_ptr<Model<T>> make(const ModelOptions& options, const RowLayout& layout) {
  return make_mixture<GaussianComponents<T>>(options, layout);
}

}  // namespace

const Family& gaussian_family() {
  static const Family family = {
      .name = "gaussian",
      .mixture = true,
      .own = GaussianOptions{},
      .options = {own_choice("covariance", "shape of the covariances", &GaussianOptions::covariance),
                  own_amount("regularization", "R",
                             "added to covariance diagonals, as a share of each feature's global variance",
                             &GaussianOptions::regularization),
                  own_amount("regularization-absolute", "R",
                             "added to covariance diagonals, in squared units of the values, scaled or not",
                             &GaussianOptions::regularization_absolute),
                  mixing_option()},
      .marginalizes = "gaussian",
      .takes_noise =
          [](const ModelOptions& options, NoiseLayout::Form form) {
            return own(options).covariance == Covariance::full ||
                   (own(options).covariance == Covariance::diag && form != NoiseLayout::Form::covariances);
          },
      .can_marginalize = [](const ModelOptions&) { return true; },
      .parameters = parameters,
      .n_sums = n_sums,
      .memory = memory,
      .differences =
          [](const ModelOptions& options) {
            return own(options).covariance == Covariance::spherical ? Differences::squares
                                                                    : Differences::squares_of_each;
          },
      .seed_metric = [](const ModelOptions&) { return SeedMetric{.scale = SeedMetric::Scale::deviation}; },
      .check = check,
      .least_rows =
          [](const ModelOptions& options, std::size_t n_features) {
            return has_matrices(own(options).covariance) ? static_cast<double>(n_features + 1) : 2.0;
          },
      .flattest = flattest_directions,
      .variances = variances,
      .sampler = gaussian_sampler,
      .make_float = make<float>,
      .make_double = make<double>,
  };
  return family;
}

template class Mixture<GaussianComponents<float>>;
template class Mixture<GaussianComponents<double>>;

}  // namespace shoal
