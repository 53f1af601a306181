#include "app/option_values.hpp"

#include <fmt/format.h>

#include "app/usage_errors.hpp"
#include "shoal/io/options_text.hpp"

namespace shoal::app {

void refuse_value(const std::string& option, const std::string& value, const std::string& wanted) {
  throw RefusedValue{option, value, wanted};
}

std::string help_with_default(const std::string& help, const OptionValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return help;
  const std::string* text = std::get_if<std::string>(&value);
  return fmt::format("{} [{}]", help, text != nullptr ? *text : toml_text(value));
}

}  // namespace shoal::app
