#include "shoal/model/column_medians.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>

#include "model/bins.hpp"
#include "model/integer_weights.hpp"
#include "model/midpoint.hpp"
#include "shoal/core/ordered_key.hpp"

namespace shoal {
namespace {

/// So many bins of each column, a power of two, as the budget allows.
unsigned bin_bits(std::size_t n_features, std::size_t byte_budget) {
  unsigned bits = 1;
  while (bits < 10 && (std::size_t{2} << bits) * n_features * 2 * sizeof(std::int64_t) <= byte_budget) ++bits;
  return bits;
}

/// What is known of a column: its lower median is in low .. high.
struct ColumnBracket {
  std::uint64_t low = std::numeric_limits<std::uint64_t>::max(), high = 0;
  std::int64_t total = 0;   ///< W of all values
  std::int64_t below = 0;   ///< W(< low)
  std::int64_t inside = 0;  ///< W(low .. high)
  std::int64_t values = 0;  ///< so many values are inside
  int cuts = 0;

  [[nodiscard]] bool narrow() const { return low >= high; }
  /// Half of the weight ends with the bracket: the upper median is beyond it.
  [[nodiscard]] bool ends_half() const { return total > 0 && 2 * (below + inside) == total; }
};

template <class T>
class ColumnSelection {
 public:
  ColumnSelection(const RowPass<T>& pass, const std::vector<double>& about, std::size_t byte_budget)
      : pass_(pass),
        about_(about),
        unit_(pass.summary().total_weight),
        columns_(pass.source().n_features),
        bits_(bin_bits(columns_.size(), byte_budget)),
        few_(static_cast<std::int64_t>(std::clamp<std::size_t>(
            byte_budget / 4 / sizeof(WeightOfKey) / std::max<std::size_t>(1, columns_.size()), 64, 1024))) {}

  std::vector<double> medians() {
    find_extents();
    while (std::ranges::any_of(columns_, [&](const ColumnBracket& c) { return !c.narrow() && c.values > few_; })) cut();
    return gather();
  }

 private:
  /// Calls take(column, key, weight) for each value of a block that counts.
  template <class F>
  void visit(const RowBlock<T>& block, F&& take) const {
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::int64_t weight = block.weights == nullptr ? 1 : unit_(block.weights[r]);
      if (weight == 0) continue;
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        const auto x = static_cast<double>(block.row(r)[j]);
        const double value = about_.empty() ? x : std::abs(x - about_[j]);
        if (!std::isnan(value)) take(j, ordered_key(value), weight);
      }
    }
  }

  void find_extents() {
    std::vector<std::vector<ColumnBracket>> all(static_cast<std::size_t>(pass_.n_threads()), columns_);
    pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
      std::vector<ColumnBracket>& mine = all[static_cast<std::size_t>(thread)];
      visit(block, [&](std::size_t j, std::uint64_t key, std::int64_t weight) {
        mine[j].low = std::min(mine[j].low, key), mine[j].high = std::max(mine[j].high, key);
        mine[j].total += weight, ++mine[j].values;
      });
    });
    std::vector<std::int64_t> sums(2 * columns_.size());
    std::vector<std::uint64_t> keys(2 * columns_.size(), std::numeric_limits<std::uint64_t>::max());
    for (const std::vector<ColumnBracket>& mine : all)
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        sums[2 * j] += mine[j].total, sums[2 * j + 1] += mine[j].values;
        keys[2 * j] = std::min(keys[2 * j], mine[j].low), keys[2 * j + 1] = std::min(keys[2 * j + 1], ~mine[j].high);
      }
    pass_.sum_counts(sums);
    pass_.comm().minimum(keys);
    for (std::size_t j = 0; j < columns_.size(); ++j)
      columns_[j] = {keys[2 * j], ~keys[2 * j + 1], sums[2 * j], 0, sums[2 * j], sums[2 * j + 1], 0};
  }

  /// One round: the weight and the number of values in each bin of each bracket; the bin of the lower median is kept.
  void cut() {
    std::vector<Bins> bins(columns_.size());
    for (std::size_t j = 0; j < bins.size(); ++j)
      if (const ColumnBracket& c = columns_[j]; !c.narrow()) bins[j] = Bins(c.low, c.high, bits_, c.cuts % 2 == 0);
    std::vector<std::vector<std::int64_t>> all(static_cast<std::size_t>(pass_.n_threads()),
                                               std::vector<std::int64_t>((2 * columns_.size()) << bits_));
    pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
      std::vector<std::int64_t>& mine = all[static_cast<std::size_t>(thread)];
      visit(block, [&](std::size_t j, std::uint64_t key, std::int64_t weight) {
        if (!bins[j].holds(key)) return;
        const std::size_t place = (j << bits_) + bins[j].place(key);
        mine[2 * place] += weight, ++mine[2 * place + 1];
      });
    });
    std::vector<std::int64_t>& counts = all.front();
    for (std::size_t t = 1; t < all.size(); ++t) std::ranges::transform(counts, all[t], counts.begin(), std::plus<>());
    pass_.sum_counts(counts);
    for (std::size_t j = 0; j < bins.size(); ++j)
      if (!columns_[j].narrow()) keep_bin(columns_[j], bins[j], counts.data() + ((2 * j) << bits_));
  }

  static void keep_bin(ColumnBracket& column, const Bins& bins, const std::int64_t* counts) {
    std::uint64_t bin = 0;
    while (2 * (column.below + counts[2 * bin]) < column.total) column.below += counts[2 * bin++];
    column.inside = counts[2 * bin], column.values = counts[2 * bin + 1];
    std::tie(column.low, column.high) = bins.keys(bin);
    ++column.cuts;
  }

  /// The values in the brackets, and of each column the least one beyond, where a median may be that.
  std::vector<WeightOfKey> last_few(std::vector<std::uint64_t>& beyond) const {
    struct Found {
      std::vector<WeightOfKey> values;
      std::vector<std::uint64_t> beyond;
    };
    beyond.assign(columns_.size(), std::numeric_limits<std::uint64_t>::max());
    if (std::ranges::all_of(columns_, [](const ColumnBracket& c) { return c.narrow() && !c.ends_half(); })) return {};
    std::vector<Found> all(static_cast<std::size_t>(pass_.n_threads()), Found{{}, beyond});
    pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
      Found& mine = all[static_cast<std::size_t>(thread)];
      visit(block, [&](std::size_t j, std::uint64_t key, std::int64_t weight) {
        const ColumnBracket& c = columns_[j];
        if (key > c.high)
          mine.beyond[j] = std::min(mine.beyond[j], key);
        else if (key >= c.low && !c.narrow())
          mine.values.push_back({j, key, weight});
      });
    });
    std::vector<WeightOfKey> kept;
    for (const Found& mine : all) {
      kept.insert(kept.end(), mine.values.begin(), mine.values.end());
      std::ranges::transform(beyond, mine.beyond, beyond.begin(), [](auto a, auto b) { return std::min(a, b); });
    }
    pass_.comm().minimum(beyond);
    return pass_.gather(kept);
  }

  /// Values rise, so the last one with less than half of the weight before it is the lower median, and the last one
  /// with no more than half is the upper one.
  std::vector<double> gather() const {
    std::vector<std::uint64_t> lower(columns_.size()), upper(columns_.size()), beyond;
    std::vector<WeightOfKey> left = last_few(beyond);
    std::ranges::sort(left, {}, [](const WeightOfKey& one) { return std::pair(one.pair, one.key); });
    std::vector<std::int64_t> before;
    for (std::size_t j = 0; j < columns_.size(); ++j) {
      before.push_back(columns_[j].below);
      lower[j] = upper[j] = columns_[j].low;
    }
    for (const auto& [j, key, weight] : left) {
      if (2 * before[j] < columns_[j].total) lower[j] = key;
      if (2 * before[j] <= columns_[j].total) upper[j] = key;
      before[j] += weight;
    }
    std::vector<double> medians(columns_.size());
    for (std::size_t j = 0; j < medians.size(); ++j) {
      if (columns_[j].total == 0) continue;
      if (columns_[j].ends_half()) upper[j] = beyond[j];
      medians[j] = midpoint(value_of_key(lower[j]), value_of_key(upper[j]));
    }
    return medians;
  }

  const RowPass<T>& pass_;
  const std::vector<double>& about_;
  WeightUnit unit_;
  std::vector<ColumnBracket> columns_;
  unsigned bits_;
  std::int64_t few_;
};

}  // namespace

double column_medians_bytes(std::size_t n_features, int threads) {
  const double bins =
      std::ldexp(16.0 * static_cast<double>(n_features), static_cast<int>(bin_bits(n_features, column_medians_budget)));
  return (threads + 1.0) * bins + 3.0 * static_cast<double>(column_medians_budget) / 4;
}

template <class T>
std::vector<double> column_medians(const RowPass<T>& pass, const std::vector<double>& about, std::size_t byte_budget) {
  return ColumnSelection<T>(pass, about, byte_budget).medians();
}

template std::vector<double> column_medians(const RowPass<float>&, const std::vector<double>&, std::size_t);
template std::vector<double> column_medians(const RowPass<double>&, const std::vector<double>&, std::size_t);

}  // namespace shoal
