#include "fit/coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "shoal/core/matrix.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

constexpr double least = 1e-300;             ///< within logarithms
constexpr double least_probability = 1e-10;  ///< that is extrapolated to: EM may leave 0 only slowly
constexpr double largest_exponent = 690;     ///< e to it is a double

std::size_t features_of(const NamedArray& array) { return array.shape.back(); }

/// Of each feature the mean variance over what has covariances of its own.
std::vector<double> deviations(const NamedArray& array, Units units, std::size_t n_features) {
  const std::size_t d = n_features;
  std::vector<double> sums(d, 0.0);
  const std::size_t each = units == Units::products ? d * d : units == Units::squares ? d : 1;
  const std::size_t count = array.values.size() / each;
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t j = 0; j < d; ++j)
      sums[j] += array.values[k * each + (units == Units::products ? j * d + j : units == Units::squares ? j : 0)];
  for (double& sum : sums) {
    sum = std::sqrt(sum / static_cast<double>(count));
    if (!(sum > 0) || !std::isfinite(sum)) sum = 1;
  }
  return sums;
}

void pack_logarithms(const std::vector<double>& values, std::vector<double>& vector) {
  const std::size_t first = vector.size();
  for (const double value : values) vector.push_back(std::max(value, least));
  const std::span<double> added = std::span(vector).subspan(first);
  log_of(added, added);
}

void unpack_logarithms(const double*& next, std::vector<double>& values) {
  std::vector<double> exponents(next, next + values.size());
  next += values.size();
  for (double& exponent : exponents) exponent = std::clamp(exponent, -largest_exponent, largest_exponent);
  exp_of(exponents, exponents);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != 0) values[i] = exponents[i];
}

void scale_to_one(std::span<double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  for (double& value : values) value /= sum;
}

void unpack_weights(const double*& next, std::vector<double>& values) {
  std::vector<double> logarithms(next, next + values.size());
  next += values.size();
  const double largest = *std::ranges::max_element(logarithms);
  for (double& logarithm : logarithms) logarithm -= largest;
  const double* from = logarithms.data();
  unpack_logarithms(from, values);
  scale_to_one(values);
}

/// What is certain stays so.
void unpack_probabilities(const double*& next, std::vector<double>& values) {
  for (double& value : values) {
    const double to = *next++;
    if (value != 0 && value != 1) value = std::clamp(to, least_probability, 1 - least_probability);
  }
}

void unpack_levels(const double*& next, const NamedArray& offsets, NamedArray& array) {
  for (double& value : array.values) {
    const double to = *next++;
    if (value != 0) value = std::clamp(to, least_probability, 1.0);
  }
  const std::size_t levels = array.shape.back();
  for (std::size_t first = 0; first < array.values.size(); first += levels)
    for (std::size_t j = 0; j + 1 < offsets.values.size(); ++j) {
      const auto begin = static_cast<std::size_t>(offsets.values[j]),
                 end = static_cast<std::size_t>(offsets.values[j + 1]);
      scale_to_one(std::span(array.values).subspan(first + begin, end - begin));
    }
}

bool all_finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

}  // namespace

Coordinates::Coordinates(std::vector<Parameter> parameters, const NamedArrays& at)
    : parameters_(std::move(parameters)) {
  const auto places = std::ranges::find(parameters_, Units::places, &Parameter::units);
  for (const Parameter& parameter : parameters_) {
    const NamedArray* const array = find(at, parameter.name);
    if (array == nullptr || parameter.units == Units::none || parameter.units == Units::places) continue;
    const NamedArray* const means = places == parameters_.end() ? nullptr : find(at, places->name);
    if (means != nullptr) units_ = deviations(*array, parameter.units, features_of(*means));
  }
}

const Parameter* Coordinates::chart_of(const NamedArray& array) const {
  const auto found = std::ranges::find(parameters_, array.name, &Parameter::name);
  return found == parameters_.end() || array.integral ? nullptr : &*found;
}

void Coordinates::pack_values(const NamedArray& array, Units units, std::vector<double>& vector) const {
  const std::size_t d = features_of(array);
  for (std::size_t i = 0; i < array.values.size(); ++i)
    vector.push_back(units == Units::places ? array.values[i] / unit(i % d) : array.values[i]);
}

/// Of each matrix the rows of the factor, each up to its diagonal.
void Coordinates::pack_matrices(const NamedArray& array, std::vector<double>& vector) const {
  const std::size_t d = features_of(array);
  Matrix matrix(d, d);
  for (std::size_t first = 0; first < array.values.size(); first += d * d) {
    std::copy_n(array.values.begin() + static_cast<std::ptrdiff_t>(first), d * d, matrix.values.begin());
    const std::optional<Cholesky> factor = cholesky(matrix);
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < i; ++j) vector.push_back(factor ? factor->lower(i, j) / unit(i) : 0);
      vector.push_back(factor ? log_of(factor->lower(i, i)) : std::nan(""));
    }
  }
}

std::vector<double> Coordinates::pack(const NamedArrays& arrays) const {
  std::vector<double> vector;
  for (const NamedArray& array : arrays) {
    const Parameter* const parameter = chart_of(array);
    if (parameter == nullptr) continue;
    switch (parameter->chart) {
      case Chart::values:
      case Chart::probabilities:
      case Chart::level_probabilities:
        pack_values(array, parameter->units, vector);
        break;
      case Chart::logarithms:
      case Chart::weights:
        pack_logarithms(array.values, vector);
        break;
      case Chart::log_cholesky:
        pack_matrices(array, vector);
    }
  }
  return vector;
}

bool Coordinates::unpack_matrices(const double*& next, NamedArray& array) const {
  const std::size_t d = features_of(array);
  Matrix lower(d, d), matrix(d, d);
  for (std::size_t first = 0; first < array.values.size(); first += d * d) {
    std::vector<double> diagonal(d, 1.0);
    std::vector<double> logarithms(d);
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < i; ++j) lower(i, j) = *next++ * unit(i);
      logarithms[i] = *next++;
    }
    const double* from = logarithms.data();
    unpack_logarithms(from, diagonal);
    for (std::size_t i = 0; i < d; ++i) lower(i, i) = diagonal[i];
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t m = 0; m <= j; ++m) sum += lower(i, m) * lower(j, m);
        matrix(i, j) = matrix(j, i) = sum;
      }
    if (!cholesky(matrix)) return false;
    std::ranges::copy(matrix.values, array.values.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return true;
}

std::optional<NamedArrays> Coordinates::unpack(const std::vector<double>& vector, const NamedArrays& like) const {
  if (!all_finite(vector)) return std::nullopt;
  NamedArrays arrays = like;
  const double* next = vector.data();
  for (NamedArray& array : arrays) {
    const Parameter* const parameter = chart_of(array);
    if (parameter == nullptr) continue;
    switch (parameter->chart) {
      case Chart::values:
        for (std::size_t i = 0; i < array.values.size(); ++i)
          array.values[i] = *next++ * (parameter->units == Units::places ? unit(i % features_of(array)) : 1);
        break;
      case Chart::logarithms:
        unpack_logarithms(next, array.values);
        break;
      case Chart::weights:
        unpack_weights(next, array.values);
        break;
      case Chart::probabilities:
        unpack_probabilities(next, array.values);
        break;
      case Chart::level_probabilities:
        unpack_levels(next, *find(arrays, "level_offsets"), array);
        break;
      case Chart::log_cholesky:
        if (!unpack_matrices(next, array)) return std::nullopt;
    }
    if (!all_finite(array.values)) return std::nullopt;
  }
  return arrays;
}

}  // namespace shoal
