#include "shoal/search/options.hpp"

#include <string>

namespace shoal {
namespace {

constexpr std::int64_t most_starts = 1000000, most_rows = std::int64_t{1} << 50U;

Option<SearchOptions> starts_option() {
  const auto set = [](SearchOptions& options, const std::string& text) {
    options.starts = parse_number<std::int64_t>(text, 1, most_starts);
    return options.starts.has_value() || text == "auto";
  };
  const auto get = [](const SearchOptions& options) -> OptionValue {
    return options.starts ? OptionValue(*options.starts) : OptionValue(std::string("auto"));
  };
  return {"starts",
          "auto|R",
          "auto: two searches on a sample of the rows, the better result fitted on all; R: that many plain starts on "
          "all rows, the best kept; sound results rank before degenerate ones; 1 with --init FILE",
          "auto or " + range_text<std::int64_t>(1, most_starts),
          set,
          get};
}

Option<SearchOptions> rows_option() {
  const auto set = [](SearchOptions& options, const std::string& text) {
    options.rows = text == "all" ? SearchOptions::all_rows : parse_number<std::int64_t>(text, 1, most_rows);
    return options.rows.has_value();
  };
  const auto get = [](const SearchOptions& options) -> OptionValue {
    if (!options.rows) return {};
    return *options.rows == SearchOptions::all_rows ? OptionValue(std::string("all")) : OptionValue(*options.rows);
  };
  return {"search-rows",
          "N|all",
          "Rows of the sample [4000, or if more 10 per parameter, or 400 per cluster of kmeans and kmedians; at most "
          "128 MiB]",
          "all or " + range_text<std::int64_t>(1, most_rows),
          set,
          get};
}

}  // namespace

std::vector<Option<SearchOptions>> search_options() { return {starts_option(), rows_option()}; }

}  // namespace shoal
