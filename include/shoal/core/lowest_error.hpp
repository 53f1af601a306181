/// Exceptions in parallel loops: they must not leave a thread, and which one is told must not depend on threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>

namespace shoal {

/// Keeps the exception of the lowest step. Steps above it need not run any more; where steps are begun in order, as a
/// dynamic schedule does, all below it do run.
class LowestError {
 public:
  template <class F>
  void run(std::int64_t step, F&& work) {
    if (step > lowest_.load(std::memory_order_relaxed)) return;
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (step >= lowest_) return;
      lowest_ = step;
      error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::atomic<std::int64_t> lowest_ = std::numeric_limits<std::int64_t>::max();
  std::exception_ptr error_;
};

}  // namespace shoal
