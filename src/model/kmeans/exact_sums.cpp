#include "shoal/model/kmeans/exact_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

namespace shoal {
namespace {

__extension__ using Int128 = __int128;

/// The sizes of a feature's values but zero.
struct Sizes {
  double least = std::numeric_limits<double>::infinity();
  double greatest = 0;
  void take(double low, double high) {
    least = std::min(least, low);
    greatest = std::max(greatest, high);
  }
};

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
  std::vector<std::uint64_t> bits;  // which are in the order of the sizes
  for (const Sizes& size : sizes)
    bits.insert(bits.end(), {std::bit_cast<std::uint64_t>(size.least), ~std::bit_cast<std::uint64_t>(size.greatest)});
  pass.comm().minimum(bits);
  for (std::size_t j = 0; j < d; ++j)
    sizes[j] = {std::bit_cast<double>(bits[2 * j]), std::bit_cast<double>(~bits[2 * j + 1])};
  return sizes;
}

int exponent_of(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return exponent;  // |x| < 2^exponent
}

}  // namespace

template <class T>
void ExactSums<T>::begin(const RowPass<T>& pass, std::size_t n_clusters) {
  end();
  std::vector<std::int64_t> weighted = {pass.source().weights.empty() ? 0 : 1};  // on some rank, as are rows left out
  pass.sum(weighted);
  if (weighted[0] != 0) return;
  const auto row_bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(pass.summary().rows_used)));
  limb_bits_ = std::min(32, 61 - row_bits);
  for (const Sizes& size : sizes_of_features(pass)) {
    const int exponent = exponent_of(size.greatest);
    const int lowest_bit = exponent_of(size.least) - std::numeric_limits<T>::digits;
    const double scale = std::ldexp(1.0, limb_bits_ - exponent);
    const bool spans_less = size.greatest == 0 || lowest_bit >= exponent - static_cast<int>(n_limbs) * limb_bits_;
    if (!spans_less || !std::isnormal(scale)) return end();
    exponent_.push_back(exponent);
    scale_.push_back(scale);
  }
  forget(n_clusters);
}

template <class T>
void ExactSums<T>::end() {
  exponent_ = {};
  scale_ = {};
  sums_ = {};
  moved_.clear();
}

template <class T>
void ExactSums<T>::forget(std::size_t n_clusters) {
  if (!usable()) return;
  sums_.assign(n_clusters * n_limbs * exponent_.size(), 0);
  moved_.clear();
}

template <class T>
void ExactSums<T>::move(const T* rows, std::span<const RowMove> moves) {
  const auto limbs = moved_.borrow([&] { return std::make_unique<Limbs>(sums_.size(), 0); });
  move_between_sums(rows, moves, exponent_.size(), {scale_.data(), std::ldexp(1.0, limb_bits_)}, limbs->data());
}

template <class T>
void ExactSums<T>::add_up(const RowPass<T>& pass) {
  Limbs all(sums_.size(), 0);
  moved_.for_each([&](Limbs& limbs) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += limbs[i];
    std::ranges::fill(limbs, 0);
  });
  pass.sum(all);
  for (std::size_t i = 0; i < all.size(); ++i) sums_[i] += all[i];
}

template <class T>
double ExactSums<T>::mean(std::size_t cluster, std::size_t feature, double n_rows) const {
  const std::size_t d = exponent_.size();
  Int128 sum = 0;
  for (std::size_t i = 0; i < n_limbs; ++i)
    sum = (sum << static_cast<unsigned>(limb_bits_)) + sums_[(cluster * n_limbs + i) * d + feature];
  return std::ldexp(static_cast<double>(sum) / n_rows, exponent_[feature] - static_cast<int>(n_limbs) * limb_bits_);
}

template class ExactSums<float>;
template class ExactSums<double>;

}  // namespace shoal
