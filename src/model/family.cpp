#include "shoal/model/family.hpp"

#include <algorithm>

/// The one list of families: each is described in the folder of this name (bernoulli and categorical: discrete).
#define SHOAL_FAMILIES(family) \
  family(kmeans) family(kmedians) family(bernoulli) family(categorical) family(poisson) family(gaussian)

namespace shoal {

#define SHOAL_DECLARE(name) const Family& name##_family();
SHOAL_FAMILIES(SHOAL_DECLARE)

const std::vector<const Family*>& families() {
#define SHOAL_LIST(name) &name##_family(),
  static const std::vector<const Family*> all = {SHOAL_FAMILIES(SHOAL_LIST)};
  return all;
}

const Family* find_family(std::string_view name) {
  const auto found = std::ranges::find(families(), name, &Family::name);
  return found == families().end() ? nullptr : *found;
}

std::string family_names(const std::function<bool(const Family&)>& of) {
  std::vector<std::string_view> names;
  for (const Family* family : families())
    if (of(*family)) names.push_back(family->name);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text.append(i == 0 ? "" : i + 1 < names.size() ? ", " : " and ").append(names[i]);
  return text;
}

std::vector<std::string> kind_attributes() {
  std::vector<std::string> names;
  for (const Family* family : families())
    for (const Option<ModelOptions>& option : family->options)
      if (option.attribute) names.push_back(option.name);
  return names;
}

Option<ModelOptions> mixing_option() {
  const auto set = [](ModelOptions& options, const std::string& text) {
    const std::optional<Mixing> word = text == "given" ? std::nullopt : from_name<Mixing>(text);
    options.mixing = word.value_or(Mixing::given);
    options.mixing_file = {word ? "" : text, ""};
    return true;
  };
  const auto get = [](const ModelOptions& options) -> OptionValue {
    if (options.mixing != Mixing::given) return to_string(options.mixing);
    return options.mixing_file.resolved();
  };
  return {"mixing",
          "learned|uniform|FILE",
          "mixing weights: learned, uniform (all 1/K), or held at FILE's /parameters/weights",
          "",
          set,
          get};
}

ModelMemory hard_memory(const ModelOptions& options, const ModelSize& size, std::size_t value_bytes) {
  const auto v = static_cast<double>(value_bytes), d = static_cast<double>(size.n_features);
  const double centres = static_cast<double>(size.n_clusters) * d;
  const double sums = 8 * static_cast<double>(options.family().n_sums(options, size));  // its own, as rows move
  const double tile = std::clamp((256 << 10) / (v * d), 128.0, 1024.0);                 // rows
  ModelMemory memory;
  memory.thread = tile * (d * (2 * v + 8) + 60) + sums;
  memory.each_row = 8;  // a label, and a bound
  memory.parameters = centres * (8 + v + 4) + sums;
  memory.update = centres * (3 * 8 + v);
  return memory;
}

}  // namespace shoal
