#include "shoal/run/health.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace shoal {
namespace {

/// Two starts that are no further apart have the same optimum: nats a unit of weight, or a share of the objective.
constexpr double same_optimum = 1e-4;

/// The 95 % point of chi-square of one degree of freedom, as Vermunt & Magidson take it for residuals.
constexpr double large_residual = 3.84;

NamedArray number(const std::string& name, double value) { return {name, {1}, {value}}; }
NamedArray whole(const std::string& name, std::int64_t value) {
  return {name, {1}, {static_cast<double>(value)}, true};
}

template <class T, class Value>
NamedArray column(const std::string& name, const std::vector<T>& of, const Value& value, bool integral = false) {
  NamedArray array{name, {of.size()}, {}, integral};
  for (const T& one : of) array.values.push_back(static_cast<double>(std::invoke(value, one)));
  return array;
}

/// Of each component the lowest one before it that stands for the same rows.
NamedArray duplicates(const Matrix& overlap) {
  NamedArray array{"duplicate_of", {overlap.rows}, std::vector<double>(overlap.rows, -1), true};
  for (std::size_t k = 0; k < overlap.rows; ++k)
    for (std::size_t j = 0; j < k && array.values[k] < 0; ++j)
      if (overlap(k, j) > near_duplicates) array.values[k] = static_cast<double>(j);
  return array;
}

/// The searches that found anything, or, where there were none, the starts on all rows; all of these saw the same rows.
std::vector<StartRecord> comparable(const StartProgress& starts) {
  std::vector<StartRecord> some;
  std::ranges::copy_if(starts.records, std::back_inserter(some), [&](const StartRecord& record) {
    return record.exists() && record.on_sample == !starts.found.empty();
  });
  return some;
}

/// How many sound ones came as far as the best of them. A search that found nothing has no objective.
std::int64_t n_reached_best(std::vector<StartRecord> all, bool minimises) {
  std::erase_if(all, [](const StartRecord& record) { return !record.sound(); });
  if (all.empty()) return 0;
  const auto [least, most] = std::ranges::minmax_element(all, {}, &StartRecord::objective);
  const StartRecord& best = minimises ? *least : *most;
  const double near = same_optimum * (minimises ? std::abs(best.objective) : best.total_weight);
  return std::ranges::count_if(
      all, [&](const StartRecord& record) { return std::abs(record.objective - best.objective) <= near; });
}

double value_of(const NamedArrays& arrays, const std::string& name) {
  const NamedArray* array = find(arrays, name);
  return array == nullptr || array->values.empty() ? 0 : array->values.front();
}

std::string plural(double n, const std::string& one, const std::string& many) {
  return fmt::format("{:.0f} {}", n, n == 1 ? one : many);
}

Soundness soundness_in(const NamedArrays& health) {
  Soundness found;
  const NamedArray *weight = find(health, "weight"), *small = find(health, "small"), *flat = find(health, "flat"),
                   *spread = find(health, "spread"), *direction = find(health, "direction");
  if (weight == nullptr || small == nullptr || flat == nullptr) return found;
  const std::size_t n = std::min({weight->values.size(), small->values.size(), flat->values.size()});
  found.components.resize(n);
  for (std::size_t k = 0; k < n; ++k) {
    ComponentHealth& one = found.components[k];
    one.weight = weight->values[k], one.small = small->values[k] != 0, one.flat = flat->values[k] != 0;
    if (spread == nullptr || spread->values.size() != n || direction == nullptr || direction->shape.size() != 2 ||
        direction->shape.front() != n)
      continue;
    one.spread = spread->values[k];
    const auto first = direction->values.begin() + static_cast<std::ptrdiff_t>(k * direction->shape[1]);
    one.direction.assign(first, first + static_cast<std::ptrdiff_t>(direction->shape[1]));
  }
  return found;
}

std::string starts_sentence(const NamedArrays& health) {
  const double n = value_of(health, "starts"), reached = value_of(health, "starts_reached_best"),
               degenerate = value_of(health, "starts_degenerate");
  const bool searched = value_of(health, "searched") != 0;
  if (n < 2) return "";
  const std::string all = searched ? plural(n, "search", "searches") : plural(n, "start", "starts");
  if (degenerate == n) return fmt::format("all {} ended degenerate", all);
  std::string text = fmt::format("{:.0f} of {} reached the best optimum", reached, all);
  if (degenerate > 0) text += fmt::format(", {:.0f} ended degenerate", degenerate);
  return text;
}

std::string separation_sentence(const ModelFile& model) {
  if (find(model.health, "ambiguous") == nullptr || model.n_clusters < 2) return "";
  return fmt::format("{:.1f} % of the rows are ambiguous (no responsibility over {}), entropy R2 {:.3f}",
                     100 * value_of(model.health, "ambiguous"), clear_responsibility, model.entropy_r2.value);
}

std::string falls_sentence(const NamedArrays& health) {
  const double falls = value_of(health, "falls"), reseeded = value_of(health, "reseeded"),
               dropped = value_of(health, "dropped"), collapsed = value_of(health, "collapsed");
  std::string repairs;
  const auto add = [&](double n, const char* what) {
    if (n > 0) repairs += fmt::format("{}{} {}", repairs.empty() ? "" : ", ", plural(n, "cluster", "clusters"), what);
  };
  add(reseeded, "started again");
  add(dropped, "dropped");
  if (collapsed > 0)
    repairs += fmt::format("{}{} raised to the floor", repairs.empty() ? "" : ", ",
                           plural(collapsed, "covariance", "covariances"));
  if (falls == 0) return repairs;
  return fmt::format("the objective fell {}{}", plural(falls, "time", "times"),
                     repairs.empty() ? ": rounding, or regularization of flat components" : " (" + repairs + ")");
}

/// Where the model leaves two features dependent, if it is known: the largest residual, and its place.
std::optional<std::pair<double, std::size_t>> largest_residual(const ModelFile& model) {
  const NamedArray* array = find(model.health, bivariate_array);
  if (array == nullptr || array->shape.size() != 2 || array->shape[0] != array->shape[1] || array->shape[0] < 2)
    return std::nullopt;
  const auto largest = std::ranges::max_element(array->values);
  return std::pair(*largest, static_cast<std::size_t>(largest - array->values.begin()));
}

std::string residual_sentence(const ModelFile& model) {
  const auto largest = largest_residual(model);
  if (!largest) return "";
  const auto [residual, place] = *largest;
  const std::size_t d = find(model.health, bivariate_array)->shape[1];
  const FeatureNames names{model.feature_names, {}};
  return fmt::format("largest bivariate residual {:.3g}, of features {} and {}: {}", residual, names.of(place / d),
                     names.of(place % d),
                     residual > large_residual ? "they depend on each other within classes"
                                               : "features are as good as independent within classes");
}

/// Where most starts ended elsewhere, so that more of them may end better still.
bool best_is_rare(const NamedArrays& health) {
  const double n = value_of(health, "starts");
  return n >= 2 && 2 * value_of(health, "starts_reached_best") < n;
}

void add_duplicates(const NamedArrays& health, std::vector<std::string>& sentences) {
  const NamedArray* of = find(health, "duplicate_of");
  for (std::size_t k = 0; of != nullptr && k < of->values.size(); ++k)
    if (of->values[k] >= 0)
      sentences.push_back(fmt::format("components {:.0f} and {} stand for the same rows: try fewer", of->values[k], k));
}

}  // namespace

NamedArrays health_arrays(const Soundness& soundness, const Separation* separation, const FitResult& result,
                          const Repairs& repairs, const StartProgress& starts, bool minimises) {
  NamedArrays arrays;
  const std::vector<ComponentHealth>& all = soundness.components;
  if (!all.empty()) {
    arrays.push_back(column("weight", all, &ComponentHealth::weight));
    arrays.push_back(column("small", all, &ComponentHealth::small, true));
    arrays.push_back(column("flat", all, &ComponentHealth::flat, true));
  }
  if (!all.empty() && !all.front().direction.empty()) {
    arrays.push_back(column("spread", all, &ComponentHealth::spread));
    NamedArray direction{"direction", {all.size(), all.front().direction.size()}, {}};
    for (const ComponentHealth& one : all)
      direction.values.insert(direction.values.end(), one.direction.begin(), one.direction.end());
    arrays.push_back(std::move(direction));
  }
  if (separation != nullptr) {
    arrays.push_back(number("ambiguous", separation->ambiguous));
    if (separation->overlap.rows > 0) arrays.push_back(duplicates(separation->overlap));
  }
  const std::vector<StartRecord> tried = comparable(starts);
  const auto n_degenerate = std::ranges::count_if(tried, [](const StartRecord& one) { return !one.sound(); });
  for (NamedArray& one :
       NamedArrays{whole("falls", result.falls), whole("reseeded", repairs.reseeded), whole("dropped", repairs.dropped),
                   whole("collapsed", repairs.collapsed), whole("searched", starts.found.empty() ? 0 : 1),
                   whole("starts", std::ssize(tried)), whole("starts_reached_best", n_reached_best(tried, minimises)),
                   whole("starts_degenerate", n_degenerate)})
    arrays.push_back(std::move(one));
  return arrays;
}

NamedArrays start_arrays(const StartProgress& starts) {
  const std::vector<StartRecord>& all = starts.records;
  NamedArrays arrays = {
      column("objective", all, &StartRecord::objective), column("total_weight", all, &StartRecord::total_weight),
      column("passes", all, &StartRecord::passes), column("on_sample", all, &StartRecord::on_sample, true),
      column("sound", all, &StartRecord::sound, true)};
  const auto finite = [](double StartRecord::*member) {
    return [member](const StartRecord& record) { return std::isfinite(record.*member); };
  };
  if (std::ranges::all_of(all, finite(&StartRecord::least_weight)))
    arrays.push_back(column("least_weight", all, &StartRecord::least_weight));
  if (std::ranges::all_of(all, finite(&StartRecord::least_spread)))
    arrays.push_back(column("least_spread", all, &StartRecord::least_spread));
  return arrays;
}

std::int64_t n_degenerate(const ModelFile& model) { return soundness_in(model.health).n_degenerate(); }

std::vector<std::string> health_sentences(const ModelFile& model) {
  if (model.health.empty()) return {};
  const Soundness soundness = soundness_in(model.health);
  std::vector<std::string> sentences;
  if (!soundness.sound())
    sentences.push_back("degenerate: " + soundness.sentence({model.feature_names, {}}));
  else if (model.is_mixture)
    sentences.push_back("every component is sound");
  for (std::string& sentence : std::vector{starts_sentence(model.health), separation_sentence(model),
                                           falls_sentence(model.health), residual_sentence(model)})
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
  add_duplicates(model.health, sentences);
  return sentences;
}

std::vector<std::string> health_problems(const ModelFile& model) {
  if (model.health.empty()) return {};
  const Soundness soundness = soundness_in(model.health);
  std::vector<std::string> problems;
  if (!soundness.sound()) problems.push_back("degenerate: " + soundness.sentence({model.feature_names, {}}));
  if (best_is_rare(model.health))
    problems.push_back(starts_sentence(model.health) + "; more starts may find a better one");
  if (value_of(model.health, "ambiguous") > 0.5) problems.push_back(separation_sentence(model));
  if (std::string falls = falls_sentence(model.health); !falls.empty()) problems.push_back(std::move(falls));
  if (const auto largest = largest_residual(model); largest && largest->first > large_residual)
    problems.push_back(residual_sentence(model));
  add_duplicates(model.health, problems);
  return problems;
}

std::vector<std::string> size_warnings(const ModelFile& model) {
  std::vector<std::string> warnings;
  if (!model.is_mixture) return warnings;
  if (static_cast<double>(model.n_parameters) > model.total_weight)
    warnings.push_back(
        fmt::format("{} free parameters for {:.6g} rows: the model can follow chance; fewer clusters, or "
                    "fewer free parameters in each, say more",
                    model.n_parameters, model.total_weight));
  if (find(model.parameters, "covariances") == nullptr || n_degenerate(model) > 0) return warnings;
  constexpr std::size_t most_named = 3;
  std::string few;
  std::size_t n_few = 0;
  const std::vector<double> counts = model.counts();
  for (std::size_t k = 0; k < counts.size(); ++k)
    if (counts[k] < static_cast<double>(model.n_features) && n_few++ < most_named)
      few += fmt::format("{}{} ({:.3g} {})", few.empty() ? "" : ", ", k, counts[k], counts[k] == 1 ? "row" : "rows");
  if (n_few > most_named) few += fmt::format(" and {} more", n_few - most_named);
  if (!few.empty())
    warnings.push_back(fmt::format("components of fewer rows than the {} features: {}; fewer clusters say more",
                                   model.n_features, few));
  return warnings;
}

}  // namespace shoal
