#include "io/table_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "shoal/core/error.hpp"
#include "shoal/io/column_list.hpp"

namespace shoal {
namespace {

/// The column of an option that takes one; a name may have commas.
std::optional<std::size_t> one_column(const std::string& option, const std::string& value, std::size_t n,
                                      const std::vector<std::string>& names, const std::string& file) {
  if (value.empty()) return std::nullopt;
  if (std::ranges::count(names, value) == 1 && value.find(',') != std::string::npos)
    return static_cast<std::size_t>(std::ranges::find(names, value) - names.begin());
  const std::vector<std::size_t> found = columns_of(value, n, names, fmt::format("{}: {}", file, option));
  if (found.size() != 1)
    throw Error(ExitCode::usage, fmt::format("{} {}: {} columns of {}; give one", option, value, found.size(), file));
  return found.front();
}

}  // namespace

bool TableColumns::all_categorical() const {
  return !features.empty() && std::ranges::find(categorical, false) == categorical.end();
}

bool gives_names(const TableOptions& options, std::size_t n) {
  const auto named = [&](const std::string& list) { return !list.empty() && has_names(list, n); };
  return named(options.columns) || named(options.id_column) || named(options.label_column) ||
         (options.categorical != "all" && named(options.categorical));
}

TableColumns plan_columns(const TableOptions& options, std::size_t n, const std::vector<std::string>& names,
                          const std::string& file) {
  TableColumns plan;
  plan.id = one_column("--id-column", options.id_column, n, names, file);
  plan.label = one_column("--label-column", options.label_column, n, names, file);
  plan.features =
      columns_of(options.columns.empty() ? ":" : options.columns, n, names, fmt::format("{}: --columns", file));
  std::erase_if(plan.features, [&](std::size_t column) { return column == plan.id || column == plan.label; });
  const bool all = options.categorical == "all";
  plan.categorical.assign(plan.features.size(), all);
  if (all || options.categorical.empty()) return plan;
  const std::string what = fmt::format("{}: --categorical", file);
  std::vector<std::size_t> feature_at(n, n);  // n: none
  for (std::size_t j = 0; j < plan.features.size(); ++j) feature_at[plan.features[j]] = j;
  for (const std::size_t column : columns_of(options.categorical, n, names, what)) {
    if (feature_at[column] == n)
      throw Error(ExitCode::usage,
                  fmt::format("{} {}: column {} is not a feature (--columns, --id-column, --label-column)", what,
                              options.categorical, column));
    plan.categorical[feature_at[column]] = true;
  }
  return plan;
}

std::vector<std::string> distinct_names(std::vector<std::string> names, std::size_t& changed) {
  std::set<std::string> taken(names.begin(), names.end()), seen;
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::string& name = names[column];
    const std::string wanted = name.empty() ? fmt::format("Unnamed: {}", column) : name;
    const bool again = name.empty() ? taken.contains(wanted) : seen.contains(name);
    std::string given = wanted;
    for (std::size_t i = 1; again && taken.contains(given); ++i) given = fmt::format("{}.{}", wanted, i);
    changed += given == name ? 0 : 1;
    taken.insert(given);
    seen.insert(given);
    name = given;
  }
  return names;
}

}  // namespace shoal
