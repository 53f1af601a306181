#include "shoal/model/gaussian/tile_gaps.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "shoal/math/conditional.hpp"
#include "shoal/math/row_groups.hpp"

namespace shoal {

std::size_t TileGaps::Hash::operator()(const std::vector<std::uint64_t>& bits) const {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : bits) hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return static_cast<std::size_t>(hash ^ (hash >> 32U));
}

void TileGaps::belong_to(std::uint64_t version) {
  if (version_ == version) return;
  version_ = version;
  kept_.clear();
  for (Known& known : known_) known.kept = nothing_kept;
}

void TileGaps::forget() {
  numbers_.clear();
  known_.clear();
  features_.clear();
  kept_.clear();
}

double* TileGaps::keep(const Pattern& pattern, std::size_t n, bool& fresh) {
  Known& known = known_[pattern.number];
  fresh = known.kept == nothing_kept;
  if (fresh) {
    if (kept_.size() + n > most_kept) return nullptr;
    kept_.reserve(most_kept);  // pointers stay
    known.kept = kept_.size();
    kept_.resize(kept_.size() + n);
  }
  return kept_.data() + known.kept;
}

std::size_t TileGaps::number_of(const std::vector<std::uint64_t>& bits, std::size_t n_features) {
  const auto found = numbers_.find(bits);
  if (found != numbers_.end()) return found->second;
  Known known{features_.size(), 0, nothing_kept};
  for (std::size_t j = 0; j < n_features; ++j)
    if ((bits[j / 64] >> (j % 64) & 1U) != 0) features_.push_back(static_cast<std::uint32_t>(j));
  known.n_features = features_.size() - known.first_feature;
  known_.push_back(known);
  numbers_.emplace(bits, known_.size() - 1);
  return known_.size() - 1;
}

/// Rows that have any, and their patterns.
template <class T>
void TileGaps::find_rows(const T* groups, std::size_t n_rows, std::size_t n_features) {
  bits_.assign((n_features + 63) / 64, 0);
  for (std::size_t first = 0; first < n_rows; first += group_rows<T>, groups += group_stride<T>(n_features)) {
    std::array<T, group_rows<T>> any{};
    for (std::size_t j = 0; j < n_features; ++j)
      for (std::size_t r = 0; r < group_rows<T>; ++r) any[r] += groups[j * group_rows<T> + r] * T(0);
    for (std::size_t r = 0; r < std::min(group_rows<T>, n_rows - first); ++r) {
      if (!std::isnan(any[r])) continue;
      std::ranges::fill(bits_, 0);
      std::uint64_t some = 0;
      for (std::size_t j = 0; j < n_features; ++j) {
        const std::uint64_t gap = std::isnan(groups[j * group_rows<T> + r]) ? 1 : 0;
        bits_[j / 64] |= gap << (j % 64);
        some |= gap;
      }
      if (some == 0) continue;  // an infinity
      found_.push_back(static_cast<std::uint32_t>(first + r));
      pattern_of_.push_back(number_of(bits_, n_features));
    }
  }
}

/// Rows of a pattern side by side, the patterns by their first rows.
void TileGaps::arrange(std::size_t group_rows, std::size_t stride) {
  for (const std::size_t number : pattern_of_) {
    Known& known = known_[number];
    if (known.tile != tile_) {
      known.tile = tile_;
      known.in_tile = patterns_.size();
      patterns_.push_back({number});
    }
    ++patterns_[known.in_tile].n_rows;
  }
  std::size_t row = 0, entry = 0;
  for (Pattern& pattern : patterns_) {
    pattern.first_row = row;
    pattern.first_entry = entry;
    row += pattern.n_rows;
    entry += pattern.n_rows * known_[pattern.number].n_features;
    pattern.n_rows = 0;
  }
  rows_.resize(row);
  offsets_.resize(row);
  places_.resize(entry);
  for (std::size_t i = 0; i < found_.size(); ++i) {
    Pattern& pattern = patterns_[known_[pattern_of_[i]].in_tile];
    const std::size_t offset = found_[i] / group_rows * stride + found_[i] % group_rows;
    const auto missing = features(pattern);
    rows_[pattern.first_row + pattern.n_rows] = found_[i];
    offsets_[pattern.first_row + pattern.n_rows] = offset;
    std::size_t* const place = places_.data() + pattern.first_entry + pattern.n_rows * missing.size();
    for (std::size_t a = 0; a < missing.size(); ++a) place[a] = offset + missing[a] * group_rows;
    ++pattern.n_rows;
  }
}

template <class T>
void TileGaps::find(const T* groups, std::size_t n_rows, std::size_t n_features) {
  if (known_.size() > most_known || kept_.size() > most_kept / 2) forget();
  ++tile_;
  completed = false;
  patterns_.clear();
  found_.clear();
  pattern_of_.clear();
  find_rows(groups, n_rows, n_features);
  arrange(group_rows<T>, group_stride<T>(n_features));
}

void TileGaps::clear_rows(const double* weight) {
  const std::size_t all = completed ? places_.size() * side_by_side : 0;
  for (const Pattern& pattern : patterns_) {
    const std::size_t one = features(pattern).size() * side_by_side;
    for (std::size_t i = 0; i < pattern.n_rows; ++i) {
      if (weight[rows(pattern)[i]] != 0) continue;
      for (std::size_t first = pattern.first_entry * side_by_side + i * one; all > 0 && first < values.size();
           first += all)
        std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(first), one, 0.0);
    }
  }
}

template void TileGaps::find(const float*, std::size_t, std::size_t);
template void TileGaps::find(const double*, std::size_t, std::size_t);

}  // namespace shoal
