// Lloyd's algorithm among the rows of seeding: centres are means in its geometry.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "shoal/init/seed_space.hpp"

namespace shoal {
namespace {

/// Each row's least sum of table lines, one line of all centres for each level that it has.
void assign_codes(const RowBlock<PackedByte>& block, const RowCoding& coding, const std::vector<double>& lines,
                  std::size_t n_centres, std::int32_t* labels) {
  std::vector<Code> levels(coding.n_features());
  std::vector<double> distance(n_centres);
  for (std::size_t r = 0; r < block.n_rows; ++r) {
    coding.decode(block.row(r), levels.data());
    std::ranges::fill(distance, 0.0);
    for (std::size_t j = 0; j < levels.size(); ++j) {
      if (levels[j] == missing_code) continue;
      const double* line = lines.data() + (static_cast<std::size_t>(coding.offsets()[j]) + levels[j]) * n_centres;
      for (std::size_t k = 0; k < n_centres; ++k) distance[k] += line[k];
    }
    labels[r] = static_cast<std::int32_t>(std::ranges::min_element(distance) - distance.begin());
  }
}

}  // namespace

template <class Row>
std::size_t SeedSpace<Row>::n_coordinates() const {
  return std::is_same_v<Row, PackedByte> ? apart_.size() : n_features_;
}

template <class Row>
void SeedSpace<Row>::add(const RowBlock<Row>& block, std::span<const std::int32_t> labels,
                         std::span<double> sums) const {
  const std::size_t width = n_coordinates();
  std::vector<Code> levels(n_features_);
  for (std::size_t r = 0; r < block.n_rows; ++r) {
    const double weight = block.weight(r);
    if (weight == 0) continue;
    double* const sum = sums.data() + static_cast<std::size_t>(labels[r]) * (1 + width);
    *sum += weight;
    if constexpr (std::is_same_v<Row, PackedByte>) {
      coding_.decode(block.row(r), levels.data());
      for (std::size_t j = 0; j < n_features_; ++j)
        if (levels[j] != missing_code) sum[1 + static_cast<std::size_t>(coding_.offsets()[j]) + levels[j]] += weight;
    } else {
      for (std::size_t j = 0; j < n_features_; ++j) sum[1 + j] += weight * static_cast<double>(place_of(block, r, j));
    }
  }
}

/// What each level adds to the squared distance from each centre, whose coordinates are shares of the rows that have
/// the level: centre after centre for each level.
template <class Row>
std::vector<double> SeedSpace<Row>::lines_of(const Matrix& shares) const {
  std::vector<double> lines(shares.values.size());
  const LevelOffsets& offsets = coding_.offsets();
  for (std::size_t k = 0; k < shares.rows; ++k)
    for (std::size_t j = 0; j < n_features_; ++j) {
      const auto first = static_cast<std::size_t>(offsets[j]), last = static_cast<std::size_t>(offsets[j + 1]);
      double squares = 0;
      for (std::size_t l = first; l < last; ++l) squares += apart_[l] * shares(k, l) * shares(k, l);
      for (std::size_t l = first; l < last; ++l)
        lines[l * shares.rows + k] = squares + apart_[l] * (1 - 2 * shares(k, l));
    }
  return lines;
}

template <class Row>
void SeedSpace<Row>::assign(const RowBlock<Row>& block, const Matrix& centres, std::int32_t* labels) const {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    assign_codes(block, coding_, lines_of(centres), centres.rows, labels);
  } else {
    std::vector<Row> places(centres.values.begin(), centres.values.end());
    for_each_nearest(block, places, [&](std::size_t r, Row /*distance*/, std::int32_t k) { labels[r] = k; });
  }
}

template <class Row>
void refine_labels(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters, int n_passes,
                   std::vector<std::int32_t>& labels) {
  const std::size_t width = space.n_coordinates(), line = 1 + width;
  for (int i = 0; i < n_passes; ++i) {
    pass.phase(fmt::format("seeding: pass {} of {} to centres", i + 1, n_passes));
    const Statistics sums = pass.reduce(SumLayout{n_clusters * line}, [&](const RowBlock<Row>& block, Statistics& s) {
      space.add(block, std::span(labels).subspan(block.first_local, block.n_rows), s.sums);
    });
    std::vector<std::int32_t> filled;
    for (std::size_t k = 0; k < n_clusters; ++k)
      if (sums.sums[k * line] > 0) filled.push_back(static_cast<std::int32_t>(k));
    Matrix centres(filled.size(), width);
    for (std::size_t c = 0; c < filled.size(); ++c)
      for (std::size_t j = 0; j < width; ++j) {
        const double* const sum = sums.sums.data() + static_cast<std::size_t>(filled[c]) * line;
        centres(c, j) = sum[1 + j] / *sum;
      }
    pass.for_each_block([&](const RowBlock<Row>& block, int) {
      std::int32_t* const mine = labels.data() + block.first_local;
      space.assign(block, centres, mine);
      for (std::size_t r = 0; r < block.n_rows; ++r) mine[r] = filled[static_cast<std::size_t>(mine[r])];
    });
  }
}

#define SHOAL_INSTANTIATE(Row)                                                                                     \
  template std::size_t SeedSpace<Row>::n_coordinates() const;                                                      \
  template void SeedSpace<Row>::add(const RowBlock<Row>&, std::span<const std::int32_t>, std::span<double>) const; \
  template void SeedSpace<Row>::assign(const RowBlock<Row>&, const Matrix&, std::int32_t*) const;                  \
  template void refine_labels<Row>(const RowPass<Row>&, const SeedSpace<Row>&, std::size_t, int,                   \
                                   std::vector<std::int32_t>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
