/// Memory for the rows: not zeroed first, which would touch it once more, and in huge pages where the system has them,
/// which makes both the first touch and every later pass cheaper.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace shoal {

template <class T>
struct LargeAllocator {
  using value_type = T;
  static constexpr std::size_t huge_page = std::size_t{2} << 20U;

  LargeAllocator() = default;
  template <class U>
  explicit LargeAllocator(const LargeAllocator<U>& /*other*/) {}

  T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T) - huge_page) throw std::bad_alloc();
    const bool large = n * sizeof(T) >= 2 * huge_page;
    const std::size_t alignment = large ? huge_page : std::size_t{64};
    const std::size_t bytes = (n * sizeof(T) + alignment - 1) / alignment * alignment;
    void* const memory = std::aligned_alloc(alignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    if (large) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without huge pages all is slower, not wrong
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t /*n*/) { std::free(memory); }

  /// Without arguments: left as it is.
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) > 0) std::construct_at(place, std::forward<Arguments>(arguments)...);
  }

  bool operator==(const LargeAllocator& /*other*/) const { return true; }
};

/// T is a number; resize leaves new elements undefined.
template <class T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace shoal
