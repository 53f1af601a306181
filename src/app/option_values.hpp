/// Options whose values are words or numbers, with errors that name the option and what it takes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "shoal/core/option.hpp"

namespace shoal::app {

/// A value that an option cannot take; throws RefusedValue.
[[noreturn]] void refuse_value(const std::string& option, const std::string& value, const std::string& wanted);

/// Help of an option with its default, where that is a value.
std::string help_with_default(const std::string& help, const OptionValue& value);

/// An option that is described beside its struct, for `owner`; `name` as CLI11 has it.
template <class Owner>
CLI::Option* add_option(CLI::App* app, const std::string& name, const Option<Owner>& option, Owner& owner) {
  const auto set = [&owner, option, name](const std::vector<std::string>& texts) {
    for (const std::string& text : texts)
      if (!option.set(owner, text)) refuse_value(name, text, option.wanted);
  };
  if (option.flag)
    return app->add_flag_function(
        name, [&owner, option](std::int64_t count) { option.set(owner, count > 0 ? "true" : "false"); }, option.help);
  CLI::Option* const added =
      app->add_option_function<std::vector<std::string>>(name, set, help_with_default(option.help, option.get(owner)));
  if (!option.several) added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  return added->allow_extra_args(false)->type_name(option.values);
}

/// An option of the program alone, whose values have names.
template <Named E>
CLI::Option* add_choice(CLI::App* app, const std::string& name, E& value, const std::string& help) {
  return add_option<E>(app, name,
                       choice_option<E, E>(
                           "", help, [](auto& place) -> auto& { return place; }),
                       value);
}

/// An option of the program alone that takes a number within limits.
template <class T>
CLI::Option* add_number(CLI::App* app, const std::string& name, std::type_identity_t<T> least,
                        std::type_identity_t<T> most, T& value, const std::string& help, const std::string& type) {
  Option<T> option = number_option<T, T>(
      "", type, help, [](auto& place) -> auto& { return place; }, least, most);
  option.get = [](const T&) { return OptionValue(); };  // the help says what stands where none is given
  return add_option(app, name, option, value);
}

}  // namespace shoal::app
