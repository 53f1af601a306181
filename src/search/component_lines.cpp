#include "search/component_lines.hpp"

#include <algorithm>
#include <numeric>

namespace shoal {
namespace {

constexpr const char* weights = "weights";

std::size_t line_of(const NamedArray& array) { return array.values.size() / array.shape.front(); }

}  // namespace

std::vector<double>& weights_in(NamedArrays& arrays) {
  return std::ranges::find(arrays, weights, &NamedArray::name)->values;
}

void to_sum_of_one(std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
}

/// What grows with K has a line for each.
ComponentLines::ComponentLines(const ModelOptions& options, std::size_t n_features) {
  const std::vector<Parameter> one = options.family().parameters(options, {1, n_features, 1});
  const std::vector<Parameter> two = options.family().parameters(options, {2, n_features, 1});
  for (std::size_t i = 0; i < one.size(); ++i)
    if (one[i].shape != two[i].shape) names_.push_back(one[i].name);
}

bool ComponentLines::has_lines(const NamedArray& array) const {
  return array.name == weights || std::ranges::find(names_, array.name) != names_.end();
}

NamedArrays ComponentLines::alone(const NamedArrays& all, std::size_t k) const {
  NamedArrays one = all;
  for (NamedArray& array : one) {
    if (!has_lines(array)) continue;
    const auto line = static_cast<std::ptrdiff_t>(line_of(array));
    const auto first = array.values.begin() + static_cast<std::ptrdiff_t>(k) * line;
    array.values = std::vector<double>(first, first + line);
    array.shape.front() = 1;
    if (array.name == weights) array.values = {1.0};
  }
  return one;
}

void ComponentLines::put(const NamedArrays& others, std::size_t i, NamedArrays& all, std::size_t k) const {
  for (NamedArray& array : all) {
    if (!has_lines(array) || array.name == weights) continue;
    const NamedArray& other = *find(others, array.name);
    const std::size_t line = line_of(array);
    std::copy_n(other.values.begin() + static_cast<std::ptrdiff_t>(i * line), line,
                array.values.begin() + static_cast<std::ptrdiff_t>(k * line));
  }
}

NamedArrays ComponentLines::with_copy(const NamedArrays& all, std::size_t k) const {
  NamedArrays more = all;
  for (NamedArray& array : more) {
    if (!has_lines(array)) continue;
    const auto line = static_cast<std::ptrdiff_t>(line_of(array));
    const auto first = array.values.begin() + static_cast<std::ptrdiff_t>(k) * line;
    const std::vector<double> copy(first, first + line);
    array.values.insert(array.values.end(), copy.begin(), copy.end());
    ++array.shape.front();
  }
  return more;
}

}  // namespace shoal
