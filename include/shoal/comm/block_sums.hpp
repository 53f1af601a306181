/// Sums over blocks of rows whose bits depend on the blocks alone: not on how they are spread over ranks and threads,
/// nor on the order in which they come.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/large_vector.hpp"
#include "shoal/core/statistics.hpp"

namespace shoal {

/// A block's statistics are double sums in one fixed order; across blocks sums are exact (math/binned.hpp). Totals are
/// kept over the whole range of doubles and rounded once. 25 bytes an entry, shared by all threads of a rank.
class BlockSums {
 public:
  /// Of at most n_blocks blocks of all ranks.
  BlockSums(const SumLayout& layout, std::int64_t n_blocks);

  /// Adds a block's sums. Several threads may; `turn` (any number, best another for each) tells them where to begin.
  void add(std::span<const double> sums, std::size_t turn = 0);

  /// The totals over all ranks, on every rank; what was added is used up. Collective.
  Statistics total(const Communicator& comm) &&;

 private:
  struct Part;
  using Words = LargeVector<std::int64_t>;
  [[nodiscard]] std::int64_t* words(const Part& part);
  [[nodiscard]] std::size_t n_words(const Part& part) const;
  [[nodiscard]] std::size_t n_sums(const Part& part) const;
  void merge(const Part& part, std::int64_t* words, std::int64_t* others) const;
  void round(const Part& part, const std::int64_t* words, double* sums) const;
  void total(const Communicator& comm, const Part& part, Words& incoming, double* sums);

  SumLayout layout_;
  int bits_;
  std::size_t n_groups_;             ///< of all entries but totals
  Words words_;                      ///< digits of the totals, then the groups
  std::vector<std::mutex> regions_;  ///< of region_groups groups each
};

}  // namespace shoal
