#include "shoal/comm/block_sums.hpp"

#include <algorithm>

#include "shoal/core/checked_cast.hpp"

namespace shoal {
namespace {

constexpr std::size_t region_groups = 16;
/// Groups that travel together: few enough that what MPI keeps of them stays in the cache.
constexpr std::size_t most_groups = 2048;

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

/// Groups first .. last, and the totals if they come before them.
struct BlockSums::Part {
  std::size_t first, last;
  bool totals;
  /// What of it one of so many ranks rounds.
  [[nodiscard]] Part share(std::size_t rank, std::size_t ranks) const {
    const std::size_t n = last - first;
    return {first + n * rank / ranks, first + n * (rank + 1) / ranks, totals && rank == 0};
  }
};

std::size_t BlockSums::n_totals(const Part& part) const { return part.totals ? n_totals_ : 0; }

BlockSums::BlockSums(const SumLayout& layout, std::int64_t n_blocks)
    : n_sums_(layout.n_sums), n_totals_(layout.n_totals), bits_(bin_bits(n_blocks)) {
  ceilings_.assign(ceil_div(n_sums_ - n_totals_, bin_group) * bin_group, least_ceiling(bits_));
  digits_.assign(n_wide() + n_groups() * digits_of_group, 0);
  regions_ = std::vector<std::mutex>(std::max<std::size_t>(1, ceil_div(n_groups(), region_groups)));
}

void BlockSums::add(std::span<const double> sums, std::size_t turn) {
  const std::span<const double> entries = sums.subspan(n_totals_);
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const std::size_t region = (i + turn) % regions_.size(), first = region * region_groups * bin_group;
    const std::lock_guard lock(regions_[region]);
    if (first < entries.size())
      add_binned(entries.data() + first, std::min(region_groups * bin_group, entries.size() - first), bits_,
                 ceilings_.data() + first, group(region * region_groups));
    for (std::size_t t = 0; region == 0 && t < n_totals_; ++t)
      WideSum(bits_).add(sums[t], digits_.data() + t * WideSum::size(bits_));
  }
}

/// All ranks cut the entries of a part in the same bins.
void BlockSums::raise_to_highest(const Communicator& comm, const Part& part) {
  const std::size_t first = part.first * bin_group, n = part.last * bin_group - first;
  std::vector<std::int8_t> mine(n);
  highest_bins({ceilings_.data() + first, n}, bits_, mine.data());
  std::vector<std::int8_t> all = mine;
  comm.maximum(std::span(all));
  for (std::size_t i = 0; i < n; i += bin_group)
    raise_binned(mine.data() + i, all.data() + i, bits_, ceilings_.data() + first + i, group((first + i) / bin_group));
}

void BlockSums::round(const Part& part, const std::int64_t* digits, double* sums) const {
  const std::size_t size = WideSum::size(bits_);
  for (std::size_t t = 0; t < n_totals(part); ++t, digits += size) *sums++ = WideSum(bits_).round({digits, size});
  round_binned(ceilings_.data() + part.first * bin_group, digits, part.last - part.first, bits_, sums);
}

/// Every rank adds up and rounds a share of the part for all.
void BlockSums::total(const Communicator& comm, const Part& part, double* sums) {
  std::int64_t* const digits = part.totals ? digits_.data() : group(part.first);
  if (comm.size() == 1) return round(part, digits, sums);
  raise_to_highest(comm, part);
  std::vector<int> n_digits, n_rounded;
  std::size_t mine = 0;  // where this rank's rounded sums begin
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Part share = part.share(static_cast<std::size_t>(rank), static_cast<std::size_t>(comm.size()));
    const std::size_t n = share.last - share.first;
    if (rank < comm.rank()) mine += n_totals(share) + n * bin_group;
    n_digits.push_back(checked_cast<int>(n_totals(share) * WideSum::size(bits_) + n * digits_of_group));
    n_rounded.push_back(checked_cast<int>(n_totals(share) + n * bin_group));
  }
  const std::size_t all = n_totals(part) + (part.last - part.first) * bin_group;
  comm.sum_parts({digits, n_totals(part) * WideSum::size(bits_) + (part.last - part.first) * digits_of_group},
                 n_digits);
  round(part.share(static_cast<std::size_t>(comm.rank()), static_cast<std::size_t>(comm.size())), digits, sums + mine);
  comm.share_parts({sums, all}, n_rounded);
}

Statistics BlockSums::total(const Communicator& comm) && {
  Statistics total(SumLayout{n_totals_ + ceilings_.size()});
  const std::size_t at_once =
      std::clamp<std::size_t>(comm.message_limit() / (digits_of_group * sizeof(std::int64_t)), 1, most_groups);
  for (std::size_t first = 0; first == 0 || first < n_groups(); first += at_once)
    this->total(comm, {first, std::min(first + at_once, n_groups()), first == 0},
                total.sums.data() + (first == 0 ? 0 : n_totals_ + first * bin_group));
  total.sums.resize(n_sums_);
  return total;
}

}  // namespace shoal
