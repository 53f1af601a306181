#include "shoal/data/origin.hpp"

#include <cmath>

namespace shoal {

template <class T>
std::vector<T> origin_of(const Matrix& centres) {
  std::vector<T> origin(centres.columns, T(0));
  for (std::size_t d = 0; d < centres.columns; ++d) {
    double mean = 0;
    for (std::size_t k = 0; k < centres.rows; ++k) mean += centres(k, d) / static_cast<double>(centres.rows);
    const auto rounded = static_cast<float>(mean);
    if (std::isfinite(rounded)) origin[d] = static_cast<T>(rounded);
  }
  return origin;
}

template <class T>
std::vector<T> shifted(const Matrix& centres, std::span<const T> origin) {
  std::vector<T> result(centres.values.size());
  for (std::size_t k = 0; k < centres.rows; ++k)
    for (std::size_t d = 0; d < centres.columns; ++d)
      result[k * centres.columns + d] = static_cast<T>(centres(k, d) - static_cast<double>(origin[d]));
  return result;
}

template std::vector<float> origin_of<float>(const Matrix&);
template std::vector<double> origin_of<double>(const Matrix&);
template std::vector<float> shifted<float>(const Matrix&, std::span<const float>);
template std::vector<double> shifted<double>(const Matrix&, std::span<const double>);

}  // namespace shoal
