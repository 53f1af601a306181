#include "shoal/run/options.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "shoal/io/options_text.hpp"

namespace shoal {
namespace {

Option<ModelOptions> clusters_option() {
  return number_option<ModelOptions, std::size_t>(
      "clusters", "K", "Number of clusters", [](auto& options) -> auto& { return options.n_clusters; }, 1,
      std::size_t{1} << 24U);
}

Option<ModelOptions> empty_cluster_option() {
  return choice_option<ModelOptions, EmptyCluster>(
      "empty-cluster",
      "What happens to a cluster that becomes empty. reseed: it starts again at a row far from its centre; drop: the "
      "others keep their order; error: the fit ends",
      [](auto& options) -> auto& { return options.empty_cluster; });
}

/// Whether the model has what is named is asked once it is known (settle_starts).
Option<ModelOptions> freeze_option() {
  const auto set = [](ModelOptions& options, const std::string& text) {
    std::istringstream words(text);
    Held held;
    for (std::string word; words >> word;) {
      const Held parsed = parse_held(word);
      if (parsed.empty()) return false;
      held.insert(held.end(), parsed.begin(), parsed.end());
    }
    options.held.insert(options.held.end(), held.begin(), held.end());
    return !held.empty();
  };
  const auto get = [](const ModelOptions& options) -> OptionValue {
    if (options.held.empty()) return {};
    return held_text(options.held);
  };
  return {
      "freeze",
      "NAMES[:COMPONENTS]",
      "Parameters held as --init FILE gives them (weights, means, covariances, medians, probabilities, rates), of all "
      "components or of those listed, numbered from 0; may be given several times [none]",
      "names by commas, and :0,2 behind them for some components",
      set,
      get,
      MayBecome::the_same,
      false,
      true};
}

/// With some of its options.
bool may_take_noise(const Family& family) {
  return family.takes_noise(ModelOptions(family), NoiseLayout::Form::variances);
}

}  // namespace

std::vector<Option<RunOptions>> run_options(const Family& family) {
  std::vector<Option<RunOptions>> all = {within(&RunOptions::model, clusters_option())};
  const auto add = [&all](auto RunOptions::*member, const auto& options) {
    for (const auto& option : options) all.push_back(within(member, option));
  };
  add(&RunOptions::model, family.options);
  std::vector<Option<RowOptions>> of_rows = row_options();
  if (!may_take_noise(family))
    std::erase_if(of_rows, [](const auto& option) { return option.name.starts_with("noise"); });
  add(&RunOptions::rows, of_rows);
  add(&RunOptions::scaling, scaling_options(family));
  add(&RunOptions::start, start_options());
  add(&RunOptions::search, search_options());
  add(&RunOptions::fit, fit_options(family.mixture));
  all.push_back(within(&RunOptions::model, empty_cluster_option()));
  all.push_back(within(&RunOptions::model, freeze_option()));
  const auto precision = std::ranges::find(all, "precision", &Option<RunOptions>::name);
  std::rotate(precision, std::next(precision), all.end());  // last, where files have it
  return all;
}

void settle_fit(RunOptions& options) {
  const Family& family = options.model.family();
  FitOptions& fit = options.fit;
  if (!fit.tolerance) fit.tolerance = default_tolerance(family);
  if (fit.accelerate != Accelerate::automatic) return;
  const bool from_file = !options.start.file.name.empty() || !options.start.arrays.empty();
  fit.accelerate = from_file || *fit.tolerance == 0 ? Accelerate::off : Accelerate::squarem;
}

NamedTexts option_texts(const RunOptions& options) {
  NamedTexts texts;
  for (const Option<RunOptions>& option : run_options(options.model.family()))
    if (const OptionValue value = option.get(options); !std::holds_alternative<std::monostate>(value))
      texts.emplace_back(option.name, toml_text(value));
  return texts;
}

std::string options_text(const RunOptions& options) {
  std::string text = "[fit]\nmodel = " + toml_text(std::string(options.model.family().name)) + "\n";
  for (const auto& [name, value] : option_texts(options)) text.append(name).append(" = ").append(value).append("\n");
  return text;
}

}  // namespace shoal
