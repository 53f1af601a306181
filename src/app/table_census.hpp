/// What a first pass over a table finds.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shoal/io/table_file.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal::app {

/// Texts to numbers, in sorted order: by value where all are numbers, else by their bytes.
class Levels {
 public:
  void add(std::string_view text);
  void number_them();
  [[nodiscard]] std::size_t n() const { return numbers_.size(); }
  /// -1: missing (empty); -2: not met before.
  [[nodiscard]] std::int32_t number_of(std::string_view text) const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::int32_t, std::less<>> numbers_;
  std::vector<std::string> names_;
};

struct Census {
  std::int64_t n_rows = 0;
  std::int64_t n_missing = 0;
  bool all_integers = true;   ///< and none is missing
  std::int64_t n_beyond = 0;  ///< whole numbers that float64 need not hold exactly
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  std::vector<Levels> levels;  ///< one a categorical feature
  Levels labels;
  std::int64_t n_without_label = 0;
  IdColumn ids;

  [[nodiscard]] bool holds_integers(double low, double high) const {
    return all_integers && least >= low && largest <= high;
  }
};

/// As messages and data sets of levels have it: its name, or its number where it has none.
std::string feature_name(const TableHead& head, std::size_t feature);

/// Throws Error(bad_data) where a categorical feature has more levels than models take.
Census count(TableSource& table, const std::string& file);

}  // namespace shoal::app
