#include "shoal/io/options_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "io/toml.hpp"

namespace shoal {
namespace {

/// As TOML has numbers: integers of 64 bits, and floats. What is beyond the integers, and no float, is a text.
template <class Use>
void with_number(long double value, Use&& use) {
  if (value == std::floor(value) && std::abs(value) < 0x1p63L &&
      (std::abs(value) < 1e15L || value != static_cast<double>(value)))
    return use(static_cast<std::int64_t>(value));
  if (value == static_cast<double>(value) || value != std::floor(value)) return use(static_cast<double>(value));
  use(fmt::format("{:.0f}", value));
}

std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return "";
}

}  // namespace

std::string toml_text(const OptionValue& value) {
  toml::array nodes;  // a place for one value of any type
  const auto add = [&](auto&& node) { nodes.push_back(std::forward<decltype(node)>(node)); };
  if (const auto* text = std::get_if<std::string>(&value)) add(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) add(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) with_number(static_cast<long double>(*number), add);
  if (const auto* number = std::get_if<double>(&value)) with_number(*number, add);
  if (const auto* numbers = std::get_if<std::vector<long double>>(&value))
    for (const long double number : *numbers) with_number(number, add);
  std::ostringstream stream;
  const auto print = [&](const toml::node& node) {
    node.visit([&](const auto& one) { stream << toml::toml_formatter(one, toml::format_flags::none); });
  };
  if (nodes.size() == 1)
    print(nodes[0]);
  else
    print(nodes);
  return stream.str();
}

std::map<std::string, std::string> toml_values(const std::string& text) {
  std::map<std::string, std::string> values;
  try {
    const toml::table root = toml::parse(text);
    for (const auto& [section, inner] : root)
      if (const toml::table* table = inner.as_table())
        for (const auto& [key, node] : *table) {
          const toml::array* array = node.as_array();
          values[std::string(key.str())] = text_of(array != nullptr && !array->empty() ? array->back() : node);
        }
  } catch (const toml::parse_error&) {
    return {};
  }
  return values;
}

}  // namespace shoal
