/// An option as people meet it, described once beside the struct that holds it: from there the command line, configs,
/// help, model files and checkpoints take its name, its values and its default.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "shoal/core/enum_names.hpp"

namespace shoal {

/// As TOML has values; monostate: there is none, and the option is not mentioned.
using OptionValue =
    std::variant<std::monostate, std::int64_t, std::uint64_t, double, std::string, std::vector<long double>>;

/// How a fit that is gone on with may differ in an option that decides the result.
enum class MayBecome { the_same, more, less };

/// An option of the struct Owner.
template <class Owner>
struct Option {
  std::string name;    ///< without dashes
  std::string values;  ///< what stands behind it in the help: words, or a letter
  std::string help;
  std::string wanted;  ///< of an impossible value: "must be ..."
  /// Reads a value; false, and nothing done, where it is impossible.
  std::function<bool(Owner&, const std::string&)> set;
  std::function<OptionValue(const Owner&)> get;
  MayBecome may_become = MayBecome::the_same;
  bool attribute = false;  ///< model files have it as an attribute, too
  bool several = false;    ///< may be given several times, and is set by each
  bool flag = false;       ///< takes no value on the command line; set by true or false
};

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
    return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  else
    return least == 0 ? "a finite number, 0 or more" : "a finite number";
}

/// An option that takes a number within limits; `at` gives its place in the struct.
template <class Owner, class T, class At>
Option<Owner> number_option(std::string name, std::string values, std::string help, At at,
                            std::type_identity_t<T> least, std::type_identity_t<T> most) {
  const auto set = [=](Owner& owner, const std::string& text) {
    const std::optional<T> value = parse_number<T>(text, least, most);
    if (value) at(owner) = *value;
    return value.has_value();
  };
  return {
      std::move(name), std::move(values), std::move(help), range_text<T>(least, most), set, [at](const Owner& owner) {
        return OptionValue(T(at(owner)));
      }};
}

/// A number that is finite and not negative.
template <class Owner, class At>
Option<Owner> amount_option(std::string name, std::string values, std::string help, At at) {
  return number_option<Owner, double>(std::move(name), std::move(values), std::move(help), at, 0,
                                      std::numeric_limits<double>::max());
}

/// An option whose values have names.
template <class Owner, Named E, class At>
Option<Owner> choice_option(std::string name, std::string help, At at) {
  const auto set = [at](Owner& owner, const std::string& text) {
    const std::optional<E> value = from_name<E>(text);
    if (value) at(owner) = *value;
    return value.has_value();
  };
  return {std::move(name), all_names<E>(), std::move(help), all_names<E>(), set, [at](const Owner& owner) {
            return OptionValue(to_string(E(at(owner))));
          }};
}

/// An option that is a text of any kind; empty: there is none.
template <class Owner, class At>
Option<Owner> text_option(std::string name, std::string values, std::string help, At at) {
  const auto set = [at](Owner& owner, const std::string& text) {
    at(owner) = text;
    return true;
  };
  return {std::move(name), std::move(values), std::move(help), "", set, [at](const Owner& owner) {
            const std::string& text = at(owner);
            return text.empty() ? OptionValue() : OptionValue(text);
          }};
}

/// An option that is given or not.
template <class Owner, class At>
Option<Owner> flag_option(std::string name, std::string help, At at) {
  const auto set = [at](Owner& owner, const std::string& text) {
    at(owner) = text == "true";
    return text == "true" || text == "false";
  };
  const auto get = [at](const Owner& owner) { return at(owner) ? OptionValue(std::string("true")) : OptionValue(); };
  return {std::move(name), "", std::move(help), "true or false", set, get, MayBecome::the_same, false, false, true};
}

/// An option of a member as an option of the whole.
template <class Outer, class Owner>
Option<Outer> within(Owner Outer::*member, const Option<Owner>& option) {
  return {option.name,
          option.values,
          option.help,
          option.wanted,
          [=](Outer& outer, const std::string& text) { return option.set(outer.*member, text); },
          [=](const Outer& outer) { return option.get(outer.*member); },
          option.may_become,
          option.attribute,
          option.several,
          option.flag};
}

}  // namespace shoal
