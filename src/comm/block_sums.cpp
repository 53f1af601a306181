#include "shoal/comm/block_sums.hpp"

#include <algorithm>

#include "shoal/core/checked_cast.hpp"
#include "shoal/math/binned.hpp"

namespace shoal {
namespace {

constexpr std::size_t region_groups = 16;
/// Groups that travel together: a message of some megabytes.
constexpr std::size_t most_groups = 1024;

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

/// Groups first .. last, and so many totals before them.
struct BlockSums::Part {
  std::size_t first, last, totals;
  /// What of it one of so many ranks adds up and rounds.
  [[nodiscard]] Part share(int rank, int ranks) const {
    const std::size_t n = last - first, r = static_cast<std::size_t>(rank), all = static_cast<std::size_t>(ranks);
    return {first + n * r / all, first + n * (r + 1) / all, rank == 0 ? totals : 0};
  }
};

BlockSums::BlockSums(const SumLayout& layout, std::int64_t n_blocks)
    : layout_(layout),
      bits_(bin_bits(n_blocks)),
      n_groups_(ceil_div(layout.n_sums - layout.n_totals, bin_group)),
      regions_(std::max<std::size_t>(1, ceil_div(n_groups_, region_groups))) {
  words_.assign(n_words({0, n_groups_, layout.n_totals}), 0);
}

std::size_t BlockSums::n_words(const Part& part) const {
  return part.totals * WideSum::size(bits_) + (part.last - part.first) * words_of_group;
}
std::size_t BlockSums::n_sums(const Part& part) const { return part.totals + (part.last - part.first) * bin_group; }
std::int64_t* BlockSums::words(const Part& part) {
  return words_.data() + (part.totals > 0 ? 0 : n_words({0, part.first, layout_.n_totals}));
}

void BlockSums::add(std::span<const double> sums, std::size_t turn) {
  const std::span<const double> entries = sums.subspan(layout_.n_totals);
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const std::size_t region = (i + turn) % regions_.size(), group = region * region_groups;
    const std::lock_guard lock(regions_[region]);
    if (group < n_groups_)
      add_binned(entries.data() + group * bin_group,
                 std::min(region_groups * bin_group, entries.size() - group * bin_group), bits_,
                 words({group, group, 0}));
    for (std::size_t t = 0; region == 0 && t < layout_.n_totals; ++t)
      WideSum(bits_).add(sums[t], words_.data() + t * WideSum::size(bits_));
  }
}

void BlockSums::merge(const Part& part, std::int64_t* words, std::int64_t* others) const {
  const std::size_t n = part.totals * WideSum::size(bits_);
  for (std::size_t i = 0; i < n; ++i) words[i] += others[i];
  merge_binned(words + n, others + n, part.last - part.first);
}

void BlockSums::round(const Part& part, const std::int64_t* words, double* sums) const {
  const std::size_t size = WideSum::size(bits_);
  for (std::size_t t = 0; t < part.totals; ++t, words += size) *sums++ = WideSum(bits_).round({words, size});
  round_binned(words, part.last - part.first, bits_, sums);
}

/// Every rank gets all ranks' words of its share of the part, adds them up, rounds them, and gives all what it found.
void BlockSums::total(const Communicator& comm, const Part& part, Words& incoming, double* sums) {
  if (comm.size() == 1) return round(part, words(part), sums);
  const Part mine = part.share(comm.rank(), comm.size());
  std::vector<int> outgoing_bytes, n_rounded;
  std::size_t before = 0;  // sums of the ranks before this one
  for (int rank = 0; rank < comm.size(); ++rank) {
    const Part share = part.share(rank, comm.size());
    if (rank < comm.rank()) before += n_sums(share);
    outgoing_bytes.push_back(checked_cast<int>(n_words(share) * sizeof(std::int64_t)));
    n_rounded.push_back(checked_cast<int>(n_sums(share)));
  }
  const auto all = static_cast<std::size_t>(comm.size());
  comm.exchange(std::as_bytes(std::span(words(part), n_words(part))), outgoing_bytes,
                std::as_writable_bytes(std::span(incoming).first(n_words(mine) * all)),
                std::vector<int>(all, outgoing_bytes[static_cast<std::size_t>(comm.rank())]));
  for (std::size_t r = 1; r < all; ++r) merge(mine, incoming.data(), incoming.data() + r * n_words(mine));
  round(mine, incoming.data(), sums + before);
  comm.share_parts({sums, n_sums(part)}, n_rounded);
}

Statistics BlockSums::total(const Communicator& comm) && {
  Statistics total(SumLayout{n_sums({0, n_groups_, layout_.n_totals})});
  const std::size_t at_once =
      std::clamp<std::size_t>(comm.message_limit() / (words_of_group * sizeof(std::int64_t)), 1, most_groups);
  const Part largest{0, std::min(at_once, n_groups_), layout_.n_totals};
  Words incoming(n_words(largest.share(comm.rank(), comm.size())) * static_cast<std::size_t>(comm.size()));
  for (std::size_t first = 0; first == 0 || first < n_groups_; first += at_once) {
    const Part part{first, std::min(first + at_once, n_groups_), first == 0 ? layout_.n_totals : 0};
    this->total(comm, part, incoming, total.sums.data() + (first == 0 ? 0 : layout_.n_totals + first * bin_group));
  }
  total.sums.resize(layout_.n_sums);
  return total;
}

}  // namespace shoal
