/// The missing entries of a tile of real rows, by the pattern in which they are missing, and what they are completed
/// by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace shoal {

/// Scratch of one thread. Patterns are numbered as rows bring them up; a tile's stand in the order of their first rows.
class TileGaps {
 public:
  /// A pattern in the tile.
  struct Pattern {
    std::size_t number = 0;
    std::size_t first_row = 0;  ///< among rows()
    std::size_t n_rows = 0;
    std::size_t first_entry = 0;  ///< row after row, each its features in rising order
  };

  /// Looks for NaN in the rows of a tile (row_groups.hpp).
  template <class T>
  void find(const T* groups, std::size_t n_rows, std::size_t n_features);

  [[nodiscard]] std::span<const Pattern> patterns() const { return patterns_; }
  [[nodiscard]] std::span<const std::uint32_t> features(const Pattern& pattern) const {
    const Known& known = known_[pattern.number];
    return std::span(features_).subspan(known.first_feature, known.n_features);
  }
  /// Of the rows of a pattern: their numbers in the tile, and where they begin in the groups.
  [[nodiscard]] std::span<const std::uint32_t> rows(const Pattern& pattern) const {
    return std::span(rows_).subspan(pattern.first_row, pattern.n_rows);
  }
  [[nodiscard]] std::span<const std::size_t> offsets(const Pattern& pattern) const {
    return std::span(offsets_).subspan(pattern.first_row, pattern.n_rows);
  }
  /// Where each missing entry stands in the groups.
  [[nodiscard]] std::span<const std::size_t> places() const { return places_; }

  // What patterns need of the components, kept from tile to tile while it takes no more than most_kept numbers.
  static constexpr std::size_t most_kept = std::size_t{1} << 18U;
  /// From here on the components are those of another version.
  void belong_to(std::uint64_t version);
  /// Room for n numbers of a pattern, or null: there is no more. `fresh`: they are not there yet.
  double* keep(const Pattern& pattern, std::size_t n, bool& fresh);

  /// Rows of weight 0 are completed by zeros.
  void clear_rows(const double* weight);

  // Of the tile.
  std::vector<double> values;  ///< of each missing entry under each component, once `completed`
  bool completed = false;
  std::vector<double> scratch;
  std::vector<double> adjust;  ///< of each row: what a component's constant is more than that of a complete row

 private:
  struct Known {
    std::size_t first_feature = 0;
    std::size_t n_features = 0;
    std::size_t kept = 0;  ///< where in kept_; see nothing_kept
    std::size_t in_tile = 0;
    std::uint64_t tile = 0;  ///< the last one with the pattern, and its place among that tile's
  };
  struct Hash {
    std::size_t operator()(const std::vector<std::uint64_t>& bits) const;
  };
  static constexpr std::size_t nothing_kept = static_cast<std::size_t>(-1);
  static constexpr std::size_t most_known = 4096;

  template <class T>
  void find_rows(const T* groups, std::size_t n_rows, std::size_t n_features);
  std::size_t number_of(const std::vector<std::uint64_t>& bits, std::size_t n_features);
  void arrange(std::size_t group_rows, std::size_t stride);
  void forget();

  std::unordered_map<std::vector<std::uint64_t>, std::size_t, Hash> numbers_;  ///< by bits, one for each feature
  std::vector<Known> known_;
  std::vector<std::uint32_t> features_;
  std::vector<double> kept_;
  std::uint64_t version_ = 0;
  std::uint64_t tile_ = 0;

  std::vector<Pattern> patterns_;
  std::vector<std::uint32_t> found_;  ///< rows with missing entries, in order, and the patterns of these
  std::vector<std::size_t> pattern_of_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::size_t> offsets_;
  std::vector<std::size_t> places_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace shoal
