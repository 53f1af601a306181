#include "app/option_values.hpp"

#include <fmt/format.h>

#include <sstream>

#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/options_text.hpp"

namespace shoal::app {

std::string wrapped(const std::string& text) {
  constexpr std::size_t width = 76;
  std::string result;
  std::size_t column = 0;
  std::istringstream words(text);
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column > 0 && column + word.size() > width) result += '\n', column = 0;
    result += (column > 0 ? " " : "") + word;
  }
  return result;
}

void refuse_value(const std::string& option, const std::string& value, const std::string& wanted) {
  const std::string name = option.substr(option.rfind(',') + 1);  // the long one
  throw Error(ExitCode::usage, fmt::format("{} {}: must be {}", name, printable(value, 60), wanted));
}

std::string help_with_default(const std::string& help, const OptionValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return help;
  const std::string* text = std::get_if<std::string>(&value);
  return fmt::format("{} [{}]", help, text != nullptr ? *text : toml_text(value));
}

}  // namespace shoal::app
