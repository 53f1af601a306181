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
#include "shoal/math/binned.hpp"

namespace shoal {

/// A block's statistics are double sums in one fixed order; across blocks sums are exact (math/binned.hpp). Totals are
/// kept over the whole range of doubles and rounded once. 26 bytes an entry, shared by all threads of a rank.
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
  [[nodiscard]] std::size_t n_groups() const { return ceilings_.size() / bin_group; }
  [[nodiscard]] std::size_t n_wide() const { return n_totals_ * WideSum::size(bits_); }
  [[nodiscard]] std::int64_t* group(std::size_t g) { return digits_.data() + n_wide() + g * digits_of_group; }
  [[nodiscard]] std::size_t n_totals(const Part& part) const;
  void raise_to_highest(const Communicator& comm, const Part& part);
  void round(const Part& part, const std::int64_t* digits, double* sums) const;
  void total(const Communicator& comm, const Part& part, double* sums);

  std::size_t n_sums_, n_totals_;
  int bits_;
  LargeVector<BinCeiling> ceilings_;  ///< of all entries but totals, in whole groups
  LargeVector<std::int64_t> digits_;  ///< of the totals, then of the groups
  std::vector<std::mutex> regions_;   ///< so many groups each
};

}  // namespace shoal
