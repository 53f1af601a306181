#include "app/scan_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "app/option_values.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t most_clusters = std::size_t{1} << 24U, most_fits = 10000;
constexpr const char* clusters_option = "-k";

/// Parts between separators, empty ones too.
std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text + separator);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Numbers of clusters of FIRST:LAST[:STEP] or a list.
std::vector<std::size_t> cluster_numbers(const std::string& text) {
  const auto refuse = [&] {
    refuse_value(clusters_option, text,
                 fmt::format("FIRST:LAST, FIRST:LAST:STEP or a list 2,3,5 of whole numbers from 1 to {}, {} at most",
                             most_clusters, most_fits));
  };
  const auto number = [&](const std::string& part) {
    const std::optional<std::size_t> value = parse_number<std::size_t>(part, 1, most_clusters);
    if (!value) refuse();
    return *value;
  };
  std::vector<std::size_t> numbers;
  for (const std::string& part : parts_of(text, ',')) {
    const std::vector<std::string> range = parts_of(part, ':');
    const std::size_t first = number(range.front()), last = range.size() > 1 ? number(range[1]) : first,
                      step = range.size() > 2 ? number(range[2]) : 1;
    if (range.size() > 3 || last < first || (last - first) / step + numbers.size() >= most_fits) refuse();
    for (std::size_t k = first; k <= last; k += step) numbers.push_back(k);
  }
  return numbers;
}

/// Options of this kind, of all families.
std::set<std::string> kind_options() {
  std::set<std::string> names;
  for (const Family* family : families())
    if (const Option<ModelOptions>* option = kind_option(*family)) names.insert(option->name);
  return names;
}

void add_clusters(CLI::App* app, GivenOptions& given) {
  const auto note = [&given](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      given.clusters += (given.clusters.empty() ? "" : ",") + text;
      for (const std::size_t k : cluster_numbers(text)) given.scanned.emplace_back("clusters", std::to_string(k));
    }
  };
  app->add_option_function<std::vector<std::string>>(
         "-k,--clusters", note, "Numbers of clusters: FIRST:LAST (LAST included), FIRST:LAST:STEP, or a list 2,3,5")
      ->allow_extra_args(false)
      ->required()
      ->type_name("K:K|LIST");
}

/// --covariance.
void add_kinds(CLI::App* app, GivenOptions& given) {
  std::set<std::string> added;
  for (const Family* family : families()) {
    const Option<ModelOptions>* const found = kind_option(*family);
    if (found == nullptr || !added.insert(found->name).second) continue;
    const auto note = [&given, family, option = *found](const std::vector<std::string>& texts) {
      for (const std::string& text : texts)
        for (const std::string& word : parts_of(text, ',')) {
          ModelOptions tried(*family);
          if (!option.set(tried, word)) refuse_value("--" + option.name, word, option.wanted + ", or a list of these");
          given.scanned.emplace_back(option.name, word);
        }
    };
    app->add_option_function<std::vector<std::string>>(
           "--" + found->name, note,
           fmt::format("{}: {}; several, separated by commas, are all tried", family->name, found->help))
        ->allow_extra_args(false)
        ->type_name(found->values);
  }
}

void add_criterion(CLI::App* app, GivenOptions& given) {
  const auto note = [&given](const std::string& text) {
    given.criterion = from_name<Criterion>(text);
    if (!given.criterion) refuse_value("--criterion", text, all_names<Criterion>());
  };
  app->add_option_function<std::string>(
         "--criterion", note,
         "What decides. Mixtures: the smallest bic, aic or icl [bic]. kmeans, kmedians: the largest silhouette "
         "(simplified: by distances to centres) or calinski-harabasz index, or the elbow: where ln objective "
         "over ln K is farthest below the line between its ends [silhouette]")
      ->type_name("C");
}

}  // namespace

bool is_scanned(const std::string& option) {
  static const std::set<std::string> kinds = kind_options();
  return option == "clusters" || kinds.contains(option);
}

void add_scanned(CLI::App* app, GivenOptions& given) {
  add_clusters(app, given);
  add_kinds(app, given);
  add_criterion(app, given);
}

void set_scan(const GivenOptions& given, Arguments& arguments) {
  RunOptions run = run_options_of(given);
  const Family& family = run.model.family();
  ScanOptions scan;
  scan.clusters_text = given.clusters;
  std::set<std::size_t> clusters;
  for (const auto& [name, text] : given.scanned) {
    if (name == "clusters") {
      clusters.insert(*parse_number<std::size_t>(text, 1, most_clusters));
    } else if (std::ranges::find(scan.kinds, text) == scan.kinds.end()) {
      scan.kind_option = name;
      scan.kinds.push_back(text);
    }
  }
  scan.clusters.assign(clusters.begin(), clusters.end());
  scan.criterion = given.criterion.value_or(default_criterion(family));
  check_scan(scan, family);
  if (!run.start.file.name.empty())
    throw Error(
        ExitCode::usage,
        fmt::format(
            "--init {}: a start from a file has one number of clusters; use kmeans-parallel or random, or `shoal fit`",
            run.start.file.name));
  if (run.model.mixing == Mixing::given)
    throw Error(
        ExitCode::usage,
        fmt::format(
            "--mixing {}: weights of a file are for one number of clusters; use learned or uniform, or `shoal fit`",
            run.model.mixing_file.name));
  run.model.n_clusters = scan.clusters.back();
  arguments.run = std::move(run);
  arguments.scan = std::move(scan);
}

}  // namespace shoal::app
