/// Names of enumerators, written once beside each enum:
///
///     enum class Shape { round, square };
///     template <>
///     inline constexpr auto names_of<Shape> = names("round", "square");
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace shoal {

template <class E>
inline constexpr auto names_of = nullptr;

template <class... Name>
constexpr std::array<std::string_view, sizeof...(Name)> names(Name... name) {
  return {name...};
}

/// An enum that has names.
template <class E>
concept Named = std::is_enum_v<E> && !std::is_null_pointer_v<std::remove_cv_t<decltype(names_of<E>)>>;

template <Named E>
std::string to_string(E value) {
  return std::string(names_of<E>.at(static_cast<std::size_t>(value)));
}

/// The enumerator of a name, if there is one.
template <Named E>
std::optional<E> from_name(std::string_view name) {
  for (std::size_t i = 0; i < names_of<E>.size(); ++i)
    if (names_of<E>[i] == name) return static_cast<E>(i);
  return std::nullopt;
}

/// All names, as help and errors list them: "round|square".
template <Named E>
std::string all_names() {
  std::string all;
  for (const std::string_view name : names_of<E>) all.append(all.empty() ? "" : "|").append(name);
  return all;
}

}  // namespace shoal
