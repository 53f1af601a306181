#include "io/model_reading.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>

#include "io/foreign_file.hpp"
#include "io/level_group.hpp"
#include "io/scan_table.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// No parameter array of a real model comes near this; a damaged header may claim anything.
constexpr std::size_t most_values = std::size_t{1} << 32U;

std::optional<NamedArray> read_array(hid_t parent, const std::string& name) {
  const hid_t id = H5Dopen2(parent, name.c_str(), H5P_DEFAULT);
  if (id < 0) return std::nullopt;
  const Hdf5Handle dataset(id, H5Dclose);
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 1 || rank > 3) return std::nullopt;
  std::vector<hsize_t> size(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, size.data(), nullptr);
  std::size_t total = 1;
  for (const hsize_t n : size) {
    if (n == 0 || n > most_values / total) return std::nullopt;
    total *= n;
  }
  NamedArray array{name, {size.begin(), size.end()}, std::vector<double>(total), kind == H5T_INTEGER};
  if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0) return std::nullopt;
  return array;
}

NamedArrays read_group(hid_t file, const std::string& path) {
  NamedArrays arrays;
  if (H5Lexists(file, path.c_str(), H5P_DEFAULT) <= 0) return arrays;
  const hid_t id = H5Gopen2(file, path.c_str(), H5P_DEFAULT);
  if (id < 0) return arrays;
  const Hdf5Handle group(id, H5Gclose);
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names);
  for (const std::string& name : names)
    if (auto array = read_array(group, name)) arrays.push_back(std::move(*array));
  return arrays;
}

/// Reads attributes; one that must be there and is not is an error.
class AttributeReader {
 public:
  AttributeReader(hid_t file, std::string name) : file_(file), name_(std::move(name)) {}

  void operator()(const char* attribute, std::string& value) const {
    const auto found = read_text_attribute(file_, attribute);
    const std::string_view name = attribute;
    if (!found && (name == "model" || name == "stop_reason")) missing(attribute);
    value = found.value_or("");
  }
  void operator()(const char* attribute, double& value) const {
    const auto found = read_number_attribute(file_, attribute);
    if (!found) missing(attribute);
    value = *found;
  }
  void operator()(const char* attribute, OptionalNumber& value) const {
    value.value = read_number_attribute(file_, attribute).value_or(value.value);
  }
  void operator()(const char* attribute, std::int64_t& value) const {
    if (attribute == std::string_view("n_passes") && !read_number_attribute(file_, attribute)) return;
    double number = 0;
    (*this)(attribute, number);
    if (!(number >= 0 && number < 0x1p53) || number != std::floor(number)) missing(attribute);
    value = static_cast<std::int64_t>(number);
  }
  void operator()(const char* attribute, std::uint64_t& value) const {
    value = read_unsigned_attribute(file_, attribute);
  }
  void operator()(const char* attribute, std::vector<std::string>& value) const {
    value = read_texts_attribute(file_, attribute);
  }
  void operator()(const char* /*attribute*/, bool& /*converged*/) const {}  // told by the reason

 private:
  [[noreturn]] void missing(const char* attribute) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: its attribute `{}` is missing or damaged; fit the model again", name_, attribute));
  }
  hid_t file_;
  std::string name_;
};

void check_format(hid_t file, const std::string& name) {
  const auto format = read_text_attribute(file, "format");
  if (format != "shoal-model")
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is not a model file of shoal{}", name,
                            format ? " but of format " + *format : "; `shoal info` tells what it is"));
  const double version = read_number_attribute(file, "format_version").value_or(0);
  if (version != 1 && version != 2)
    throw Error(ExitCode::bad_data, fmt::format("{}: has model format {}, this shoal reads formats 1 and 2; use a "
                                                "newer shoal",
                                                name, version));
}

/// D finite values of /preprocessing.
std::vector<double> read_scaling_array(const NamedArrays& arrays, const std::string& array, std::size_t n_features,
                                       const std::string& name) {
  const NamedArray* found = find(arrays, array);
  if (found == nullptr || found->shape != std::vector{n_features})
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /preprocessing/{} does not hold {} numbers, one per feature; fit the model again",
                            name, array, n_features));
  for (std::size_t j = 0; j < n_features; ++j)
    if (!std::isfinite(found->values[j]) || (array == "scale" && !(found->values[j] > 0)))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /preprocessing/{} holds {} at {}; centers are finite, scales finite and positive",
                              name, array, found->values[j], j));
  return found->values;
}

/// What stands in /preprocessing, for so many features where that is known; nothing where the file has no such group.
Scaling read_scaling(hid_t file, std::optional<std::size_t> n_features, const std::string& name) {
  if (H5Lexists(file, "/preprocessing", H5P_DEFAULT) <= 0) return {};
  const NamedArrays arrays = read_group(file, "/preprocessing");
  const NamedArray* center = find(arrays, "center");
  const std::size_t d = n_features.value_or(center == nullptr ? 1 : center->values.size());
  return {read_scaling_array(arrays, "center", d, name), read_scaling_array(arrays, "scale", d, name)};
}

}  // namespace

ModelFile read_model_from(const std::string& name, const std::vector<std::string>& kinds) {
  const Hdf5Handle file = open_file(name);
  check_format(file, name);
  const AttributeReader read(file, name);
  ModelFile model;
  model.is_mixture = read_number_attribute(file, "log_likelihood").has_value();
  for (const std::string& kind : kinds)
    if (read_text_attribute(file, kind)) model.kinds.emplace_back(kind, "");
  ModelFile::visit_attributes(model, read);
  if (model.n_passes == 0) model.n_passes = model.n_iterations + 1;  // of a fit before extrapolation
  model.converged = model.stop_reason == "tolerance" || model.stop_reason == "fixed_point";
  model.parameters = read_group(file, "/parameters");
  if (find(model.parameters, "level_offsets") != nullptr)
    model.level_names = read_levels(file, name, model.feature_names, static_cast<std::size_t>(model.n_features));
  const NamedArrays history = read_group(file, "/history");
  if (const NamedArray* objective = find(history, "objective")) model.history = objective->values;
  model.health = read_group(file, "/health");
  model.starts = read_group(file, "/starts");
  model.scan = read_scan(file, model.is_mixture);
  model.scaling = read_scaling(file, static_cast<std::size_t>(model.n_features), name);
  if (model.scaling.empty() && read_number_attribute(file, "format_version") == 2)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: no /preprocessing/center, which model format 2 has; fit the model again", name));
  model.sources.assign(files_opened().begin(), files_opened().end());
  return model;
}

StoredParameters read_parameters_from(const std::string& name, std::vector<std::string>& sources) {
  const Hdf5Handle file = open_file(name);
  StoredParameters stored;
  stored.arrays = read_group(file, "/parameters");
  stored.covariance = read_text_attribute(file, "covariance").value_or("");
  stored.labels = H5Lexists(file, "/labels", H5P_DEFAULT) > 0;
  stored.responsibilities = H5Lexists(file, "/responsibilities", H5P_DEFAULT) > 0;
  if (stored.arrays.empty() && !stored.labels && !stored.responsibilities)
    throw Error(ExitCode::bad_data, fmt::format("{}: holds no arrays under /parameters to start from, nor /labels or "
                                                "/responsibilities",
                                                name));
  stored.scaling = read_scaling(file, std::nullopt, name);
  sources.assign(files_opened().begin(), files_opened().end());
  return stored;
}

}  // namespace shoal
