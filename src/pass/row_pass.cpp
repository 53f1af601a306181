#include "shoal/pass/row_pass.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "shoal/comm/block_sums.hpp"
#include "shoal/core/lowest_error.hpp"

namespace shoal {
namespace {

using Clock = std::chrono::steady_clock;

struct Scored {
  double score;
  std::int64_t row;
  std::size_t content;  ///< a hash of the row's values
};

/// The first `count` by score, the lower row on ties, of rows whose values differ.
void keep_first(std::vector<Scored>& list, std::size_t count) {
  const auto key = [](const Scored& s) { return std::tuple(-s.score, s.content, s.row); };
  std::ranges::sort(list, {}, key);
  const auto same = [](const Scored& a, const Scored& b) { return a.score == b.score && a.content == b.content; };
  list.erase(std::unique(list.begin(), list.end(), same), list.end());
  std::ranges::sort(list, {}, [](const Scored& s) { return std::pair(-s.score, s.row); });
  if (list.size() > count) list.resize(count);
}

template <class Row>
std::size_t content_of(const Row* row, std::size_t width) {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(row), width * sizeof(Row)});
}

}  // namespace

template <class Row>
Statistics RowPass<Row>::reduce(const SumLayout& layout, const std::function<void(const Block&, Statistics&)>& add,
                                const std::function<void(Statistics&)>& last) const {
  if (before_each_) before_each_();
  BlockSums sums(layout, source_.partition.n_blocks);
  LowestError error;
#pragma omp parallel num_threads(threads_)
  {
    Statistics mine(layout);
    const auto turn = static_cast<std::size_t>(omp_get_thread_num());
    const auto take = [&](std::int64_t b, auto&& fill) {
      error.run(b, [&] {
        std::ranges::fill(mine.sums, 0.0);
        fill(mine);
        sums.add(mine.sums, turn);
      });
    };
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t b = source_.blocks.first; b < source_.blocks.last; ++b)
      take(b, [&](Statistics& s) { source_.visit(b, [&](const Block& block) { add(block, s); }); });
#pragma omp master
    if (last) take(source_.blocks.last, last);
  }
  error.rethrow();
  const auto start = Clock::now();
  Statistics total = std::move(sums).total(comm_);
  costs_.seconds_communicating += std::chrono::duration<double>(Clock::now() - start).count();
  costs_.bytes_reduced += static_cast<std::int64_t>(layout.n_sums * sizeof(double));
  return total;
}

template <class Row>
void RowPass<Row>::for_each_block(const std::function<void(const Block&, int)>& visit) const {
  if (before_each_) before_each_();
  LowestError error;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads_)
  for (std::int64_t b = source_.blocks.first; b < source_.blocks.last; ++b)
    error.run(b, [&] { source_.visit(b, [&](const Block& block) { visit(block, omp_get_thread_num()); }); });
  error.rethrow();
}

template <class Row>
std::vector<std::int64_t> RowPass<Row>::largest(
    std::size_t count, const std::function<void(const Block&, std::span<double>)>& score) const {
  std::vector<std::vector<Scored>> best(static_cast<std::size_t>(threads_));
  for_each_block([&](const Block& block, int thread) {
    std::vector<double> scores(block.n_rows);
    score(block, scores);
    std::vector<Scored>& list = best[static_cast<std::size_t>(thread)];
    for (std::size_t r = 0; r < block.n_rows; ++r)
      if (scores[r] > -std::numeric_limits<double>::infinity())
        list.push_back(
            {scores[r], block.first_row + static_cast<std::int64_t>(r), content_of(block.row(r), block.width)});
    keep_first(list, count);
  });
  std::vector<Scored> mine;
  for (const std::vector<Scored>& list : best) mine.insert(mine.end(), list.begin(), list.end());
  keep_first(mine, count);
  std::vector<Scored> all = gather_values(comm_, mine);
  keep_first(all, count);
  std::vector<std::int64_t> rows;
  for (const Scored& scored : all) rows.push_back(scored.row);
  return rows;
}

template <class Row>
std::vector<Row> RowPass<Row>::fetch(const std::vector<std::int64_t>& rows) const {
  return fetch_lines(rows, source_.width(), [](const Block& block) { return block.values; });
}

template <class Row>
std::vector<Row> RowPass<Row>::fetch_noise(const std::vector<std::int64_t>& rows) const {
  if (!source_.noise_layout.of_each_row()) return {};
  return fetch_lines(rows, source_.noise_layout.width(source_.n_features),
                     [](const Block& block) { return block.noise; });
}

/// `lines_of` a block, d values a row.
template <class Row>
std::vector<Row> RowPass<Row>::fetch_lines(const std::vector<std::int64_t>& rows, std::size_t d,
                                           const std::function<const Row*(const Block&)>& lines_of) const {
  std::vector<std::int64_t> sorted = rows;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const Range mine = source_.rows();
  std::vector<Row> values;
  for (auto row = std::ranges::lower_bound(sorted, mine.first); row != sorted.end() && *row < mine.last;)
    source_.visit(source_.partition.block_of(*row), [&](const Block& block) {
      const std::int64_t end = block.first_row + static_cast<std::int64_t>(block.n_rows);
      for (; row != sorted.end() && *row < end; ++row) {
        const Row* const found = lines_of(block) + static_cast<std::size_t>(*row - block.first_row) * d;
        values.insert(values.end(), found, found + d);
      }
    });
  const std::vector<Row> found = gather_values(comm_, values);  // rank order is row order
  if (found.size() != sorted.size() * d) throw std::logic_error("a row to fetch is on no rank");
  std::vector<Row> result(rows.size() * d);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto place =
        static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), rows[i]) - sorted.begin());
    std::copy_n(found.begin() + static_cast<std::ptrdiff_t>(place * d), d,
                result.begin() + static_cast<std::ptrdiff_t>(i * d));
  }
  return result;
}

template <class Row>
Matrix RowPass<Row>::fetch_matrix(const std::vector<std::int64_t>& rows) const {
  const std::vector<Row> values = fetch(rows);
  Matrix matrix(rows.size(), source_.width());
  std::copy(values.begin(), values.end(), matrix.values.begin());
  return matrix;
}

template <class Row>
void RowPass<Row>::sum(std::span<std::int64_t> values) const {
  const auto start = Clock::now();
  comm_.sum(values);
  costs_.seconds_communicating += std::chrono::duration<double>(Clock::now() - start).count();
  costs_.bytes_reduced += static_cast<std::int64_t>(values.size_bytes());
}

template <class Row>
void RowPass<Row>::sum_counts(std::span<std::int64_t> values) const {
  sum(values);
  ++costs_.counting_rounds;
}

template class RowPass<float>;
template class RowPass<double>;
template class RowPass<PackedByte>;

}  // namespace shoal
