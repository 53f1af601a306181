#include "shoal/model/held.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "shoal/core/option.hpp"

namespace shoal {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  if (text.ends_with(separator)) parts.emplace_back();
  return parts;
}

}  // namespace

std::vector<bool> held_components(const Held& held, std::string_view name, std::size_t n_clusters) {
  std::vector<bool> found(n_clusters, false);
  for (const HeldParameter& one : held) {
    if (one.name != name) continue;
    if (one.components.empty()) found.assign(n_clusters, true);
    for (const std::size_t k : one.components)
      if (k < n_clusters) found[k] = true;
  }
  return found;
}

std::vector<bool> held_anywhere(const Held& held, std::size_t n_clusters) {
  std::vector<bool> found(n_clusters, false);
  for (const HeldParameter& one : held) {
    if (one.name == "weights") continue;
    const std::vector<bool> mine = held_components(held, one.name, n_clusters);
    for (std::size_t k = 0; k < n_clusters; ++k) found[k] = found[k] || mine[k];
  }
  return found;
}

std::vector<HeldParameter> parse_held(const std::string& text) {
  const std::size_t colon = text.find(':');
  std::vector<std::size_t> components;
  for (const std::string& part :
       colon == std::string::npos ? std::vector<std::string>() : split(text.substr(colon + 1), ',')) {
    const auto number = parse_number<std::size_t>(part, 0, std::size_t{1} << 24U);
    if (!number) return {};
    components.push_back(*number);
  }
  if (colon != std::string::npos && components.empty()) return {};
  std::ranges::sort(components);
  Held held;
  for (const std::string& name : split(text.substr(0, colon), ',')) {
    if (name.empty()) return {};
    held.push_back({name, components});
  }
  return held;
}

std::string held_text(const Held& held) {
  std::string text;
  for (const HeldParameter& one : held) {
    text += (text.empty() ? "" : " ") + one.name;
    if (!one.components.empty()) text += fmt::format(":{}", fmt::join(one.components, ","));
  }
  return text;
}

std::vector<double> share_out(const std::vector<double>& before, const std::vector<double>& after,
                              const std::vector<bool>& held) {
  double left = 1, others = 0;
  for (std::size_t k = 0; k < after.size(); ++k)
    if (held[k])
      left -= before[k];
    else
      others += after[k];
  std::vector<double> weights = before;
  for (std::size_t k = 0; k < after.size() && others > 0; ++k)
    if (!held[k]) weights[k] = left > 0 ? after[k] * (left / others) : 0;
  return weights;
}

void hold(const Held& held, const NamedArrays& before, NamedArrays& arrays) {
  for (NamedArray& array : arrays) {
    const NamedArray* const old = find(before, array.name);
    if (old == nullptr || old->shape != array.shape) continue;
    const std::size_t n = array.shape.front(), line = array.values.size() / n;
    const std::vector<bool> lines = held_components(held, array.name, n);
    for (std::size_t i = 0; i < array.values.size(); ++i)
      if (lines[i / line]) array.values[i] = old->values[i];
  }
}

}  // namespace shoal
