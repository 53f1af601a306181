#include "shoal/model/soundness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace shoal {
namespace {

constexpr std::size_t most_told = 3;

/// Features by their part in a direction, the greatest first: "a, b and 3 more".
std::string features_of(const std::vector<double>& direction, const FeatureNames& names) {
  std::vector<std::size_t> order(direction.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t j) { return -std::abs(direction[j]); });
  std::string text;
  std::size_t told = 0;
  for (; told < std::min(most_told, order.size()) && std::abs(direction[order[told]]) > 0.1; ++told)
    text += fmt::format("{}{:+.2g} {}", text.empty() ? "" : " ", direction[order[told]],
                        (names.features.empty() ? "feature " : "") + names.of(order[told]));
  const auto more = std::ranges::count_if(direction, [](double part) { return std::abs(part) > 0.1; });
  if (static_cast<std::size_t>(more) > told) text += " ...";
  return text;
}

std::string sentence_of(std::size_t k, const ComponentHealth& component, const FeatureNames& names) {
  std::string text = fmt::format("component {} has {:.4g} rows", k, component.weight);
  if (component.small) text += ", fewer than it needs";
  if (component.flat)
    text += fmt::format(", and along {} a variance of {:.2g} of that of all rows",
                        features_of(component.direction, names), component.spread);
  return text;
}

}  // namespace

std::int64_t Soundness::n_degenerate() const {
  return std::ranges::count_if(components, [](const ComponentHealth& c) { return c.small || c.flat; });
}

std::string Soundness::sentence(const FeatureNames& names) const {
  std::string text;
  std::size_t told = 0, all = 0;
  for (std::size_t k = 0; k < components.size(); ++k)
    if (components[k].small || components[k].flat) {
      if (all++ < most_told) text += (told++ > 0 ? "; " : "") + sentence_of(k, components[k], names);
    }
  return all > told ? text + fmt::format("; and {} more", all - told) : text;
}

double least_weight(const ModelOptions& options, std::size_t n_features, const DataSummary& summary) {
  const double rows = options.family().least_rows(options, n_features);
  return rows * std::min(1.0, summary.total_weight / static_cast<double>(summary.rows_used));
}

Soundness soundness_of(const ModelOptions& options, const ModelSize& size, const NamedArrays& parameters,
                       const std::vector<double>& counts, const ColumnMoments& moments, const DataSummary& summary) {
  Soundness found;
  const Family& family = options.family();
  if (!family.mixture) return found;
  const double least = least_weight(options, size.n_features, summary);
  const std::vector<Flattest> flattest =
      family.flattest == nullptr ? std::vector<Flattest>{} : family.flattest(options, size, parameters, moments);
  const NamedArray* weights = find(parameters, "weights");
  for (std::size_t k = 0; k < counts.size(); ++k) {
    ComponentHealth health;
    health.weight = counts[k];
    const bool held_at_nothing = options.mixing == Mixing::given && weights->values[k] == 0;
    health.small = counts[k] < least && !held_at_nothing;
    if (!flattest.empty()) {
      const Flattest& own = flattest[flattest.size() == 1 ? 0 : k];
      health.spread = own.spread;
      health.direction = own.direction;
      health.flat = own.spread < least_spread || own.at_floor;
    }
    found.components.push_back(std::move(health));
  }
  return found;
}

}  // namespace shoal
