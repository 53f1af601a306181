#include "shoal/model/kmeans/exact_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

namespace shoal {
namespace {

/// The sizes of a feature's values but zero, or of weights.
struct Sizes {
  double least = std::numeric_limits<double>::infinity();
  double greatest = 0;
  void take(double low, double high) {
    least = std::min(least, low);
    greatest = std::max(greatest, high);
  }
};

/// Over all ranks.
void agree_on(std::vector<Sizes>& sizes, const Communicator& comm) {
  std::vector<std::uint64_t> bits;  // which are in the order of the sizes
  for (const Sizes& size : sizes)
    bits.insert(bits.end(), {std::bit_cast<std::uint64_t>(size.least), ~std::bit_cast<std::uint64_t>(size.greatest)});
  comm.minimum(bits);
  for (std::size_t j = 0; j < sizes.size(); ++j)
    sizes[j] = {std::bit_cast<double>(bits[2 * j]), std::bit_cast<double>(~bits[2 * j + 1])};
}

template <class T>
std::vector<Sizes> sizes_of_features(const RowPass<T>& pass) {
  const std::size_t d = pass.source().n_features;
  std::vector<std::vector<Sizes>> all(static_cast<std::size_t>(pass.n_threads()), std::vector<Sizes>(d));
  const std::size_t at_once = (31 / d + 1) * d;  // values of some whole rows, for the compiler to take in vectors
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<T> least(at_once, std::numeric_limits<T>::infinity()), greatest(at_once, T(0));
    const std::size_t n_values = block.n_rows * d;
    for (std::size_t first = 0; first < n_values; first += at_once) {
      const T* const values = block.values + first;
      for (std::size_t i = 0; i < std::min(at_once, n_values - first); ++i) {
        const T size = std::abs(values[i]);
        greatest[i] = std::max(greatest[i], size);
        least[i] = std::min(least[i], size == 0 ? least[i] : size);
      }
    }
    for (std::size_t i = 0; i < at_once; ++i)
      all[static_cast<std::size_t>(thread)][i % d].take(static_cast<double>(least[i]),
                                                        static_cast<double>(greatest[i]));
  });
  std::vector<Sizes> sizes(d);
  for (const auto& mine : all)
    for (std::size_t j = 0; j < d; ++j) sizes[j].take(mine[j].least, mine[j].greatest);
  agree_on(sizes, pass.comm());
  return sizes;
}

constexpr double largest_number = std::numeric_limits<double>::max();

/// |x| < 2^exponent.
int exponent_of(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return exponent;
}

/// 2 to the power of the last bit that is set.
double last_bit(double x) {
  const std::uint64_t mantissa = std::bit_cast<std::uint64_t>(x) & ((std::uint64_t{1} << 52U) - 1);
  const int zeros = std::countr_zero(mantissa | std::uint64_t{1} << 52U);
  return std::ldexp(1.0, std::max(-1074, exponent_of(x) - 53 + zeros));
}

/// The least last bit, and the greatest, of all weights but zero; of none as if all were 1.
template <class T>
Sizes sizes_of_weights(const RowPass<T>& pass) {
  std::vector<Sizes> sizes(1);
  for (const double w : pass.source().weights)
    if (w > 0) sizes[0].take(last_bit(w), w);
  agree_on(sizes, pass.comm());
  if (sizes[0].greatest == 0) sizes[0].take(1, 1);
  return sizes[0];
}

}  // namespace

template <class T>
void ExactSums<T>::begin(const RowPass<T>& pass, std::size_t n_clusters) {
  end();
  format_.bits = bin_bits(4 * pass.summary().n_rows);  // a row comes and goes, as two numbers each time
  format_.n_digits = 1;
  const Sizes weights = sizes_of_weights(pass);
  const int weight_bits = exponent_of(weights.greatest) - exponent_of(weights.least) + 1;
  format_.weight_scale = std::ldexp(1.0, 1 - exponent_of(weights.greatest));
  format_.long_products = weight_bits + std::numeric_limits<T>::digits > std::numeric_limits<double>::digits;
  for (const Sizes& size : sizes_of_features(pass)) {
    const double greatest = std::min(size.greatest * (weights.greatest * format_.weight_scale), largest_number);
    const int last_bit = exponent_of(size.least) - std::numeric_limits<T>::digits - weight_bits + 1;
    format_.ceilings.push_back(bin_ceiling(greatest, format_.bits));
    if (size.greatest > 0)
      format_.n_digits = std::max(format_.n_digits, digits_down_to(last_bit, format_.ceilings.back(), format_.bits));
  }
  forget(n_clusters);
}

template <class T>
void ExactSums<T>::end() {
  format_ = {};
  sums_ = {};
  moved_.clear();
}

template <class T>
void ExactSums<T>::forget(std::size_t n_clusters) {
  sums_.assign(n_clusters * format_.n_digits * format_.ceilings.size(), 0);
  moved_.clear();
}

template <class T>
void ExactSums<T>::move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) {
  const auto digits = moved_.borrow([&] { return std::make_unique<Digits>(sums_.size(), 0); });
  const double* const weights = block.weights == nullptr ? nullptr : block.weights + first;
  move_between_sums(block.row(first), weights, moves, format_, digits->data());
}

template <class T>
void ExactSums<T>::add_up(const RowPass<T>& pass) {
  Digits all(sums_.size(), 0);
  moved_.for_each([&](Digits& digits) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += digits[i];
    std::ranges::fill(digits, 0);
  });
  pass.sum(all);
  for (std::size_t i = 0; i < all.size(); ++i) sums_[i] += all[i];
}

template <class T>
double ExactSums<T>::mean(std::size_t cluster, std::size_t feature, double weight) const {
  const std::size_t d = format_.ceilings.size();
  return fixed_point_ratio(sums_.data() + cluster * format_.n_digits * d, feature, format_, weight);
}

template class ExactSums<float>;
template class ExactSums<double>;

}  // namespace shoal
