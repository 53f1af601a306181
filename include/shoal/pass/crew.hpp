/// Work that needs no reduction, dealt over ranks and threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_objects.hpp"

namespace shoal {

/// All threads of all ranks.
class Crew {
 public:
  Crew(const Communicator& comm, int n_threads) : comm_(comm), n_threads_(n_threads) {}

  [[nodiscard]] int n_threads() const { return n_threads_; }

  /// Tasks that are done at the same time.
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(comm_.size()) * static_cast<std::size_t>(n_threads_);
  }

  /// What tasks 0 to n - 1 give, on every rank. Whoever does a task, it must give the same, and must not communicate.
  /// An Error of one is thrown on every rank. Collective.
  template <class Outcome>
  std::vector<Outcome> each(std::size_t n, const std::function<Outcome(std::size_t)>& task) const {
    const auto step = static_cast<std::size_t>(comm_.size()), first = static_cast<std::size_t>(comm_.rank());
    std::vector<Outcome> mine((n + step - 1 - std::min(first, n + step - 1)) / step);
    agree(comm_, [&] { run(mine.size(), [&](std::size_t i) { mine[i] = task(first + i * step); }); });
    std::vector<Outcome> all(n);
    std::vector<std::vector<Outcome>> of_ranks = gather_objects(comm_, mine);
    for (std::size_t i = 0; i < n; ++i) all[i] = std::move(of_ranks[i % step][i / step]);
    return all;
  }

  /// The same up to the first, by number, that will do, where there is one: only as many more are done as there are
  /// hands. Collective.
  template <class Outcome>
  std::vector<Outcome> until(const std::function<bool(const Outcome&)>& will_do, std::size_t n,
                             const std::function<Outcome(std::size_t)>& task) const {
    std::vector<Outcome> done;
    while (done.size() < n) {
      const std::size_t begin = done.size();
      for (Outcome& outcome :
           each<Outcome>(std::min(size(), n - begin), [&](std::size_t i) { return task(begin + i); })) {
        done.push_back(std::move(outcome));
        if (will_do(done.back())) return done;
      }
    }
    return done;
  }

 private:
  /// In this rank's threads.
  void run(std::size_t n, const std::function<void(std::size_t)>& work) const;

  const Communicator& comm_;
  int n_threads_;
};

}  // namespace shoal
