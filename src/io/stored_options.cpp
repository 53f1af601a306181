#include "shoal/io/stored_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "shoal/core/error.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

Error unknown(const std::string& name, const std::string& attribute, const std::string& value) {
  return {ExitCode::bad_data,
          fmt::format("{}: attribute `{}` is \"{}\", which this shoal does not know", name, attribute, value)};
}

const Family& family_of(const ModelFile& file, const std::string& name) {
  const Family* family = find_family(file.model);
  if (family == nullptr) throw unknown(name, "model", file.model);
  return *family;
}

void require_sizes(const ModelFile& file, const std::string& name) {
  if (file.n_clusters < 1 || file.n_features < 1 || file.n_clusters > (std::int64_t{1} << 24U) ||
      file.n_features > (std::int64_t{1} << 40U))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {} clusters of {} features are impossible", name, file.n_clusters, file.n_features));
  const NamedArray* sized = find(file.parameters, "counts");
  if (sized == nullptr || sized->values.size() != static_cast<std::size_t>(file.n_clusters))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/counts does not hold {} values", name, file.n_clusters));
}

/// What stands as an attribute must be right; of the rest, a prior for one, the options text knows.
void set_own(const ModelFile& file, const std::map<std::string, std::string>& texts, const std::string& name,
             ModelOptions& options) {
  for (const Option<ModelOptions>& option : options.family().options) {
    if (!option.attribute) {
      const auto text = texts.find(option.name);
      if (text != texts.end() && option.name != "mixing") option.set(options, text->second);
      continue;
    }
    const auto kind = std::ranges::find(file.kinds, option.name, &std::pair<std::string, std::string>::first);
    const std::string value = kind == file.kinds.end() ? "" : kind->second;
    if (!option.set(options, value)) throw unknown(name, option.name, value);
  }
}

}  // namespace

StoredOptions stored_options(const ModelFile& file, const std::string& name) {
  const Family& family = family_of(file, name);
  require_sizes(file, name);
  const auto n_clusters = static_cast<std::size_t>(file.n_clusters);
  std::map<std::string, std::string> texts = toml_values(file.options);
  StoredOptions stored{ModelOptions(family, n_clusters), from_name<Precision>(texts["precision"]), n_clusters};
  stored.noisy = texts.contains("noise");
  set_own(file, texts, name, stored.model);
  stored.model.truncate = file.mixing == "learned";  // as in the fit, whose bits are to be repeated
  if (const auto clusters = parse_number<std::size_t>(texts["clusters"], n_clusters, std::size_t{1} << 24U))
    stored.coded_clusters = *clusters;
  return stored;
}

LevelOffsets level_offsets_of(const Family& family, const ModelFile& file) {
  LevelOffsets offsets = {0};
  if (family.rows.values == Values::codes) {
    const std::vector<double>& stored = find(file.parameters, "level_offsets")->values;
    return {stored.begin(), stored.end()};
  }
  for (std::int64_t j = 0; j < file.n_features; ++j) offsets.push_back(offsets.back() + 2);
  return offsets;
}

}  // namespace shoal
