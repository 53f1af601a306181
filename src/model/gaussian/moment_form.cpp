#include "shoal/model/gaussian/moment_form.hpp"

namespace shoal {
namespace {

/// Entry (i, j) of a matrix that may be given as its diagonal or as one number for all of it.
double entry(Moments kind, const Matrix& matrix, std::size_t i, std::size_t j) {
  if (kind == Moments::products) return matrix(i, j);
  if (i != j) return 0;
  return matrix(0, kind == Moments::squares ? i : 0);
}

template <class T>
bool keeps_digits(Moments kind, std::span<const T> mean, const Matrix& precision, const Matrix& covariance) {
  constexpr double most_inflation = sizeof(T) == sizeof(double) ? 64 : 4;
  double sum = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const auto m = static_cast<double>(mean[i]);
    sum += entry(kind, precision, i, i) * (entry(kind, covariance, i, i) + m * m);
  }
  return sum <= most_inflation * static_cast<double>(mean.size());
}

/// P m.
template <class T>
std::vector<double> linear_part(Moments kind, std::span<const T> mean, const Matrix& precision) {
  std::vector<double> product(mean.size(), 0.0);
  for (std::size_t i = 0; i < mean.size(); ++i)
    if (kind == Moments::products)
      for (std::size_t j = 0; j < mean.size(); ++j) product[i] += precision(i, j) * static_cast<double>(mean[j]);
    else
      product[i] = entry(kind, precision, i, i) * static_cast<double>(mean[i]);
  return product;
}

}  // namespace

template <class T>
std::optional<MomentForm<T>> moment_form(Moments kind, std::span<const T> means, const std::vector<Matrix>& precisions,
                                         const std::vector<Matrix>& covariances) {
  const std::size_t d = means.size() / precisions.size();
  MomentForm<T> form{kind, d, {}, {}};
  const auto push = [&](double coefficient) { form.coefficients.push_back(static_cast<T>(coefficient)); };
  for (std::size_t k = 0; k < precisions.size(); ++k) {
    const std::span<const T> mean = means.subspan(k * d, d);
    const Matrix& p = precisions[k];
    if (!keeps_digits(kind, mean, p, covariances[k])) return std::nullopt;
    const std::vector<double> linear = linear_part(kind, mean, p);
    double form_at_origin = 0;
    for (std::size_t i = 0; i < d; ++i) {
      push(linear[i]);
      form_at_origin += linear[i] * static_cast<double>(mean[i]);
    }
    for (std::size_t i = 0; i < (kind == Moments::square_sum ? 1 : d); ++i) {
      if (kind == Moments::products)
        for (std::size_t j = 0; j < i; ++j) push(-p(i, j));
      push(-0.5 * entry(kind, p, i, i));
    }
    form.constants.push_back(-0.5 * form_at_origin);
  }
  return form;
}

template std::optional<MomentForm<float>> moment_form<float>(Moments, std::span<const float>,
                                                             const std::vector<Matrix>&, const std::vector<Matrix>&);
template std::optional<MomentForm<double>> moment_form<double>(Moments, std::span<const double>,
                                                               const std::vector<Matrix>&, const std::vector<Matrix>&);

}  // namespace shoal
