/// Objects that threads borrow for a while and that are too large to make again each time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace shoal {

/// A stack of idle objects. Thread-safe, except clear and for_each.
template <class T>
class Pool {
 public:
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> object) : pool_(pool), object_(std::move(object)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give_back(std::move(object_)); }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> object_;
  };

  /// An idle object, or one that `make` returns.
  template <class F>
  Lease borrow(F&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> object = std::move(idle_.back());
        idle_.pop_back();
        return Lease(*this, std::move(object));
      }
    }
    return Lease(*this, make());
  }

  /// Visits the idle objects; none may be out.
  template <class F>
  void for_each(F&& visit) {
    for (const std::unique_ptr<T>& object : idle_) visit(*object);
  }

  /// Forgets the idle objects; none may be out.
  void clear() { idle_.clear(); }

 private:
  void give_back(std::unique_ptr<T> object) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(object));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace shoal
