#include "shoal/model/gaussian/covariance_update.hpp"

namespace shoal {
namespace {

/// Takes n d d^T off a symmetric matrix whose lower triangle is authoritative, and mirrors it.
void subtract_step(const ComponentSums& sums, Matrix& scatter) {
  for (std::size_t i = 0; i < scatter.rows; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      scatter(i, j) -= sums.n * sums.step(i) * sums.step(j);
      scatter(j, i) = scatter(i, j);
    }
}

Matrix unpacked(std::span<const double> triangle, std::size_t n) {
  Matrix matrix(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) matrix(i, j) = triangle[packed(i, j)];
  return matrix;
}

std::vector<double> weights_of(const ComponentSums& sums) {
  std::vector<double> weights(sums.first.size());
  for (std::size_t j = 0; j < weights.size(); ++j) weights[j] = sums.weight(j);
  return weights;
}

}  // namespace

Scatter& Scatter::operator+=(const Scatter& other) {
  for (std::size_t i = 0; i < values.values.size(); ++i) values.values[i] += other.values.values[i];
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] += other.weight[i];
  return *this;
}

void Scatter::add_step(const ComponentSums& component, std::span<const double> beyond) {
  for (std::size_t i = 0; i < beyond.size(); ++i) {
    const double square = component.weight(i) * beyond[i] * beyond[i];
    if (values.rows == 1) {
      values(0, values.columns == 1 ? 0 : i) += square;
      continue;
    }
    for (std::size_t j = 0; j < beyond.size(); ++j) values(i, j) += component.n * beyond[i] * beyond[j];
  }
}

bool lost_digits(const ComponentSums& sums, const Scatter& scatter) {
  if (!(sums.n > 0)) return false;
  const Matrix& values = scatter.values;
  for (std::size_t d = 0; d < sums.first.size(); ++d) {
    const double n = scatter.weight[scatter.weight.size() == 1 ? 0 : d];
    const double squares = values(values.rows == 1 ? 0 : d, values.columns == 1 ? 0 : d);
    const double step = sums.step(d);
    if (n > 0 && step * step > 1e6 * squares / n) return true;
  }
  return false;
}

Scatter triangle_scatter(const ComponentSums& sums) {
  Scatter scatter{unpacked(sums.second, sums.first.size()), weights_of(sums)};
  subtract_step(sums, scatter.values);
  return scatter;
}

Scatter squares_scatter(const ComponentSums& sums) {
  Scatter scatter{Matrix(1, sums.first.size()), weights_of(sums)};
  for (std::size_t j = 0; j < sums.first.size(); ++j)
    scatter.values(0, j) = sums.second[j] - sums.weight(j) * sums.step(j) * sums.step(j);
  return scatter;
}

Scatter trace_scatter(const ComponentSums& sums) {
  Scatter trace{Matrix(1, 1), {0.0}};
  trace.values(0, 0) = sums.second[0];
  for (std::size_t j = 0; j < sums.first.size(); ++j) {
    trace.values(0, 0) -= sums.weight(j) * sums.step(j) * sums.step(j);
    trace.weight[0] += sums.weight(j);
  }
  return trace;
}

Scatter tied_scatter(std::span<const ComponentSums> components) {
  const std::size_t d = components.front().first.size();
  Scatter scatter{unpacked(components.front().second, d), std::vector<double>(d, 0.0)};
  for (const ComponentSums& component : components) {
    subtract_step(component, scatter.values);
    for (std::size_t j = 0; j < d; ++j) scatter.weight[j] += component.n;
  }
  return scatter;
}

Scatter within_total(std::span<const ComponentSums> components, const Matrix& total, std::span<const double> mean,
                     std::span<const double> centre) {
  Scatter scatter{total, std::vector<double>(total.rows, 0.0)};
  std::vector<double> apart(total.rows);
  for (const ComponentSums& mine : components) {
    for (std::size_t j = 0; j < apart.size(); ++j) {
      apart[j] = centre[j] + mine.step(j) - mean[j];
      scatter.weight[j] += mine.n;
    }
    for (std::size_t i = 0; i < apart.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        scatter.values(i, j) -= mine.n * apart[i] * apart[j];
        scatter.values(j, i) = scatter.values(i, j);
      }
  }
  return scatter;
}

}  // namespace shoal
