#include "app/config_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <istream>
#include <iterator>
#include <vector>

#include "io/toml.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

/// What is wrong in a config, where.
struct Refused {
  toml::source_position where;
  std::string why;
};

/// A value as it would stand on the command line.
std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string(); text != nullptr && text->get().find('\0') == std::string::npos)
    return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  throw Refused{node.source().begin, "not a word, a number, true or false, which options take"};
}

/// Adds the keys of a table; tables lie within commands and no deeper.
void add_items(const toml::table& table, const std::vector<std::string>& commands,
               std::vector<CLI::ConfigItem>& items) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (const toml::table* inner = node.as_table()) {
      if (!commands.empty())
        throw Refused{node.source().begin, fmt::format("a table within [{}]; no option is one", commands.front())};
      add_items(*inner, {name}, items);
      continue;
    }
    CLI::ConfigItem item{commands, name, {}};
    if (const toml::array* values = node.as_array())
      for (const toml::node& value : *values) item.inputs.push_back(text_of(value));
    else
      item.inputs.push_back(text_of(node));
    items.push_back(std::move(item));
  }
}

class TomlReader final : public CLI::Config {
 public:
  explicit TomlReader(std::string file) : file_(std::move(file)) {}

  std::string to_config(const CLI::App* /*app*/, bool /*defaults*/, bool /*help*/,
                        std::string /*prefix*/) const override {
    return "";  // shoal writes no configs
  }
  std::vector<CLI::ConfigItem> from_config(std::istream& stream) const override {
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::vector<CLI::ConfigItem> found;
    try {
      add_items(toml::parse(text), {}, found);
    } catch (const toml::parse_error& error) {
      throw_refused(error.source().begin, std::string(error.description()));
    } catch (const Refused& refused) {
      throw_refused(refused.where, refused.why);
    }
    return found;
  }

 private:
  [[noreturn]] void throw_refused(const toml::source_position& where, const std::string& why) const {
    throw Error(ExitCode::usage, fmt::format("{}: line {}, column {}: {}", file_, where.line, where.column, why));
  }

  std::string file_;
};

}  // namespace

void require_config(const std::string& file) {
  constexpr std::uintmax_t most = std::uintmax_t{1} << 20U;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw Error(ExitCode::no_input, fmt::format("--config {}: no such file; check the name", file));
  if (std::filesystem::file_size(file, error) > most)
    throw Error(ExitCode::usage, fmt::format("--config {}: is not a config: it has more than 1 MiB", file));
}

std::shared_ptr<CLI::Config> toml_reader(const std::string& file) { return std::make_shared<TomlReader>(file); }

}  // namespace shoal::app
