#include "shoal/math/distance.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/lanes-inl.hpp"
#include "math/metric-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr size_t exit_features = 64;  // from so many on a look at half of them costs little

// With sanitizers a kernel that is one function takes a compiler many minutes.
#ifdef __SANITIZE_ADDRESS__
#define SHOAL_PART_OF_KERNEL HWY_NOINLINE
#else
#define SHOAL_PART_OF_KERNEL HWY_INLINE
#endif

/// R vectors of rows against C centres: what a kernel holds in registers. Few: the number of features where the
/// compiler shall know it, else 0.
template <class Distance, class T, size_t R, size_t C, size_t Few>
struct Patch {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  struct Sums {
    V v[R][C];
  };

  const T* rows;     // of a group
  const T* centres;  // C x D
  size_t n_features;

  /// Of the features first, first + step, ...
  SHOAL_PART_OF_KERNEL Sums sum(size_t first, size_t step) const {
    Sums sums;
    each(
        first, [](V* s, V difference) HWY_ATTR { *s = Distance::first(difference); }, sums);
    for (size_t j = first + step; j < n_features; j += step)
      each(
          j, [](V* s, V difference) HWY_ATTR { *s = Distance::add(*s, difference); }, sums);
    return sums;
  }

  /// Of the partial sums First, First + Step, ...: those at even places and those at odd ones, by halves.
  template <size_t First, size_t Step>
  HWY_INLINE Sums fold() const {
    if constexpr (Step == n_partial) {
      return sum(First, n_partial);
    } else {
      return plus(fold<First, 2 * Step>(), fold<First + Step, 2 * Step>());
    }
  }

  /// Distances; or where all of them reach what is enough for their rows perhaps parts that do: a sum of terms that are
  /// not negative never falls, as rounding keeps the order of numbers.
  SHOAL_PART_OF_KERNEL Sums distances(const V* enough) const {
    if constexpr (Few > 0) {
      return sum(0, 1);
    } else {
      if (n_features <= n_partial) return sum(0, 1);
      const bool may_leave = n_features >= exit_features;
      const Sums even = fold<0, 2>();
      if (may_leave && reach(even, enough)) return even;
      const Sums odd = fold<1, 4>();
      if (may_leave) {
        const Sums most = plus(even, odd);
        if (reach(most, enough)) return most;
      }
      return plus(even, plus(odd, fold<3, 4>()));
    }
  }

 private:
  static HWY_INLINE bool reach(const Sums& sums, const V* enough) {
    auto below = hn::Lt(sums.v[0][0], enough[0]);
    for (size_t r = 0; r < R; ++r)
      for (size_t c = 0; c < C; ++c) below = hn::Or(below, hn::Lt(sums.v[r][c], enough[r]));
    return hn::AllFalse(D(), below);
  }
  static HWY_INLINE Sums plus(Sums a, const Sums& b) {
    for (size_t r = 0; r < R; ++r)
      for (size_t c = 0; c < C; ++c) a.v[r][c] = hn::Add(a.v[r][c], b.v[r][c]);
    return a;
  }
  template <class F>
  HWY_INLINE void each(size_t j, const F& take, Sums& sums) const {
    const D d;
    V x[R];
    for (size_t r = 0; r < R; ++r) x[r] = hn::LoadU(d, rows + j * group_rows<T> + r * hn::Lanes(d));
    for (size_t c = 0; c < C; ++c) {
      const auto centre = hn::Set(d, centres[c * n_features + j]);
      for (size_t r = 0; r < R; ++r) take(&sums.v[r][c], hn::Sub(x[r], centre));
    }
  }
};

/// The nearest centres of R vectors of rows so far; a tie keeps the earlier one.
template <class T, size_t R, bool Second>
struct Least {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  V best[R], second[R], index[R];
  V next = hn::Zero(D());  // the number of the centre that comes next

  HWY_INLINE Least() {
    for (size_t r = 0; r < R; ++r) {
      best[r] = second[r] = hn::Set(D(), std::numeric_limits<T>::infinity());
      index[r] = hn::Zero(D());
    }
  }
  template <class Distance, size_t C, size_t Few>
  HWY_INLINE void take(const T* rows, const T* centres, size_t n_features, size_t k) {
    V enough[R];
    for (size_t r = 0; r < R; ++r) enough[r] = Second ? enough_for_second(best[r]) : best[r];
    const auto sums = Patch<Distance, T, R, C, Few>{rows, centres + k * n_features, n_features}.distances(enough);
    for (size_t c = 0; c < C; ++c) {
      for (size_t r = 0; r < R; ++r) {
        const V distance = sums.v[r][c];
        const auto less = hn::Lt(distance, best[r]);
        if constexpr (Second) second[r] = hn::Min(second[r], hn::Max(best[r], distance));
        best[r] = hn::IfThenElse(less, distance, best[r]);
        index[r] = hn::IfThenElse(less, next, index[r]);
      }
      next = hn::Add(next, hn::Set(D(), T(1)));
    }
  }
  /// Twice the least distance, as promised; nothing for a row that is a centre.
  static HWY_INLINE V enough_for_second(V least) {
    const V infinity = hn::Set(D(), std::numeric_limits<T>::infinity());
    return hn::IfThenElse(hn::Eq(least, hn::Zero(D())), infinity, hn::Add(least, least));
  }
  HWY_INLINE void store(const Nearest<T>& found, size_t at) const {
    const D d;
    const hn::RebindToSigned<D> whole;
    const hn::Rebind<std::int32_t, D> label;
    for (size_t r = 0; r < R; ++r, at += hn::Lanes(d)) {
      hn::StoreU(best[r], d, found.distance + at);
      if constexpr (Second) hn::StoreU(second[r], d, found.second + at);
      if constexpr (sizeof(T) == 8)
        hn::StoreU(hn::DemoteTo(label, index[r]), label, found.label + at);
      else
        hn::StoreU(hn::ConvertTo(whole, index[r]), whole, found.label + at);
    }
  }
};

template <class Distance, bool Second, size_t Few, class T>
HWY_INLINE void nearest_of_group(const T* group, const T* centres, size_t n_centres, size_t n_features,
                                 const Nearest<T>& found, size_t at) {
  constexpr size_t n_vectors = 2;
  constexpr size_t n_together = many_registers ? 4 : 2;
  for (size_t r = 0; r < group_rows<T>; r += n_vectors * hn::Lanes(hn::ScalableTag<T>())) {
    Least<T, n_vectors, Second> least;
    size_t k = 0;
    for (; k + n_together <= n_centres; k += n_together)
      least.template take<Distance, n_together, Few>(group + r, centres, n_features, k);
    for (; k < n_centres; ++k) least.template take<Distance, 1, Few>(group + r, centres, n_features, k);
    least.store(found, at + r);
  }
}

template <class Distance, bool Second, size_t Few, class T>
void search_groups(const T* groups, size_t n, const T* centres, size_t n_centres, size_t n_features,
                   const Nearest<T>& found) {
  if (Few > 0) n_features = Few;
  for (size_t at = 0; at < n; at += group_rows<T>, groups += group_stride<T>(n_features))
    nearest_of_group<Distance, Second, Few>(groups, centres, n_centres, n_features, found, at);
}

template <class Distance, class T>
HWY_INLINE void nearest_of_groups(const T* groups, size_t n, const T* centres, size_t n_centres, size_t n_features,
                                  const Nearest<T>& found) {
  if (found.second != nullptr)
    search_groups<Distance, true, 0>(groups, n, centres, n_centres, n_features, found);
  else if (n_features == 2)
    search_groups<Distance, false, 2>(groups, n, centres, n_centres, n_features, found);
  else if (n_features == 3)
    search_groups<Distance, false, 3>(groups, n, centres, n_centres, n_features, found);
  else
    search_groups<Distance, false, 0>(groups, n, centres, n_centres, n_features, found);
}

template <class T>
HWY_INLINE void find_nearest(Metric metric, const T* groups, size_t n, const T* centres, size_t n_centres,
                             size_t n_features, const Nearest<T>& found) {
  if (metric == Metric::manhattan)
    nearest_of_groups<Manhattan>(groups, n, centres, n_centres, n_features, found);
  else
    nearest_of_groups<SquaredEuclidean>(groups, n, centres, n_centres, n_features, found);
}

void NearestF32(Metric m, const float* groups, size_t n, const float* centres, size_t k, size_t d,
                const Nearest<float>& found) {
  find_nearest(m, groups, n, centres, k, d, found);
}
void NearestF64(Metric m, const double* groups, size_t n, const double* centres, size_t k, size_t d,
                const Nearest<double>& found) {
  find_nearest(m, groups, n, centres, k, d, found);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(NearestF32);
HWY_EXPORT(NearestF64);

void nearest(Metric metric, const float* groups, std::size_t n, const float* centres, std::size_t k, std::size_t d,
             const Nearest<float>& found) {
  HWY_DYNAMIC_DISPATCH(NearestF32)(metric, groups, n, centres, k, d, found);
}
void nearest(Metric metric, const double* groups, std::size_t n, const double* centres, std::size_t k, std::size_t d,
             const Nearest<double>& found) {
  HWY_DYNAMIC_DISPATCH(NearestF64)(metric, groups, n, centres, k, d, found);
}

}  // namespace shoal
#endif
