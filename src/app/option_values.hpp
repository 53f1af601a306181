/// Options whose values are words or numbers, with errors that name the option and what it takes.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/terminal.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {

/// A description cut into lines of the width that the help leaves for it.
std::string wrapped(const std::string& text);

/// A value that an option cannot take.
[[noreturn]] void refuse_value(const std::string& option, const std::string& value, const std::string& wanted);

template <class E>
using Choices = std::vector<std::pair<std::string, E>>;

/// An option whose values have names; help and errors show the names alone.
template <class E>
CLI::Option* add_choice(CLI::App* app, const std::string& name, E& value, const Choices<E>& choices,
                        const std::string& help) {
  std::string names;
  for (const auto& [text, choice] : choices) names += (names.empty() ? "" : "|") + text;
  const auto set = [&value, choices, names, name](const std::string& given) {
    for (const auto& [text, choice] : choices)
      if (text == given) {
        value = choice;
        return;
      }
    refuse_value(name, given, names);
  };
  return app->add_option_function<std::string>(name, set, wrapped(help))->type_name(names);
}

/// The number that a whole text is, where it lies within the limits: so never one that is not finite.
template <class T>
std::optional<T> parse_number(const std::string& text, T least, T most) {
  T value{};
  const char* const begin = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
  const char* const end = text.data() + text.size();
  auto [stop, error] = std::from_chars(begin, end, value);
  if constexpr (std::is_floating_point_v<T>)  // so near to zero that it is zero
    if (error == std::errc::result_out_of_range && std::abs(std::strtold(begin, nullptr)) < 1)
      value = 0, error = std::errc();
  if (error != std::errc() || stop != end || !(value >= least && value <= most)) return std::nullopt;
  return value;
}

template <class T>
std::string range_text(T least, T most) {
  if constexpr (std::is_integral_v<T>)
    return fmt::format("a whole number from {} to {}", least, most);
  else
    return least == 0 ? "a finite number, 0 or more" : "a finite number";
}

/// An option that takes one number within limits.
template <class T>
CLI::Option* add_number(CLI::App* app, const std::string& name, T least, T most,
                        const std::type_identity_t<std::function<void(T)>>& set, const std::string& help,
                        const std::string& type) {
  const auto parse = [=](const std::string& given) {
    const std::optional<T> value = parse_number(given, least, most);
    if (!value) refuse_value(name, given, range_text(least, most));
    set(*value);
  };
  return app->add_option_function<std::string>(name, parse, wrapped(help))->type_name(type);
}

}  // namespace shoal::app
