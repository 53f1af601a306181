#include "shoal/io/model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "io/foreign_file.hpp"
#include "io/model_reading.hpp"
#include "io/reader.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// No parameter array of a real model comes near this; a damaged header may claim anything.
constexpr std::size_t most_values = std::size_t{1} << 32U;

void write_array(hid_t parent, const NamedArray& array) {
  const std::string failed = "array " + array.name + " could not be written; is the disk full?";
  const std::vector<hsize_t> size(array.shape.begin(), array.shape.end());
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  const hid_t type = array.integral ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
  const Hdf5Handle dataset =
      hold(H5Dcreate2(parent, array.name.c_str(), type, space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT), H5Dclose,
           ExitCode::io_failure, failed);
  check_hdf5(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()), failed);
}

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

void write_attributes(hid_t file, const ModelFile& model) {
  write_attribute(file, "format", std::string("shoal-model"));
  write_attribute(file, "format_version", std::int64_t{1});
  write_attribute(file, "model", model.model);
  if (!model.covariance.empty()) write_attribute(file, "covariance", model.covariance);
  if (!model.mixing.empty()) write_attribute(file, "mixing", model.mixing);
  if (!model.center.empty()) write_attribute(file, "center", model.center);
  write_attribute(file, "n_clusters", model.n_clusters);
  write_attribute(file, "n_features", model.n_features);
  write_attribute(file, "n_rows", model.n_rows);
  write_attribute(file, "total_weight", model.total_weight);
  write_attribute(file, "objective", model.objective);
  if (model.is_mixture) {
    write_attribute(file, "log_likelihood", model.log_likelihood);
    write_attribute(file, "n_parameters", model.n_parameters);
    write_attribute(file, "bic", model.bic);
    write_attribute(file, "aic", model.aic);
  }
  write_attribute(file, "n_iterations", model.n_iterations);
  write_attribute(file, "converged", model.converged);
  write_attribute(file, "stop_reason", model.stop_reason);
  write_attribute(file, "seed", model.seed);
  if (!model.feature_names.empty()) write_attribute(file, "feature_names", model.feature_names);
  write_attribute(file, "instruction_set", model.instruction_set);
  write_attribute(file, "shoal_version", model.shoal_version);
  write_attribute(file, "options", model.options);
}

/// The model's size on disk, generously.
std::int64_t bytes_of(const ModelFile& model) {
  std::size_t bytes = 65536 + model.options.size() + (model.counts.size() + model.history.size()) * sizeof(double);
  for (const NamedArray& array : model.parameters) bytes += array.values.size() * sizeof(double);
  for (const std::string& name : model.feature_names) bytes += 2 * (name.size() + 64);
  return static_cast<std::int64_t>(bytes);
}

/// Reads attributes; one that must be there and is not is an error.
class AttributeReader {
 public:
  AttributeReader(hid_t file, std::string name) : file_(file), name_(std::move(name)) {}
  [[nodiscard]] std::string text(const char* attribute) const {
    const auto value = read_text_attribute(file_, attribute);
    return value ? *value : missing(attribute);
  }
  [[nodiscard]] double number(const char* attribute) const {
    const auto value = read_number_attribute(file_, attribute);
    if (!value) missing(attribute);
    return *value;
  }
  [[nodiscard]] std::string optional_text(const char* attribute) const {
    return read_text_attribute(file_, attribute).value_or("");
  }
  [[nodiscard]] double optional_number(const char* attribute) const {
    return read_number_attribute(file_, attribute).value_or(0);
  }
  [[nodiscard]] std::int64_t count(const char* attribute) const {
    const double value = number(attribute);
    if (!(value >= 0 && value < 0x1p53) || value != std::floor(value)) missing(attribute);
    return static_cast<std::int64_t>(value);
  }

 private:
  [[noreturn]] std::string missing(const char* attribute) const {
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
  if (version != 1)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has model format {}, this shoal reads format 1; use a newer shoal", name, version));
}

}  // namespace

ModelFile read_model_from(const std::string& name) {
  const Hdf5Handle file = open_file(name);
  check_format(file, name);
  const AttributeReader read(file, name);
  ModelFile model;
  model.model = read.text("model");
  model.covariance = read.optional_text("covariance");
  model.mixing = read.optional_text("mixing");
  model.center = read.optional_text("center");
  model.n_clusters = read.count("n_clusters");
  model.n_features = read.count("n_features");
  model.n_rows = read.count("n_rows");
  model.total_weight = read.number("total_weight");
  model.objective = read.number("objective");
  model.is_mixture = read_number_attribute(file, "log_likelihood").has_value();
  model.log_likelihood = read.optional_number("log_likelihood");
  model.n_parameters = static_cast<std::int64_t>(read.optional_number("n_parameters"));
  model.bic = read.optional_number("bic");
  model.aic = read.optional_number("aic");
  model.n_iterations = read.count("n_iterations");
  model.stop_reason = read.text("stop_reason");
  model.converged = model.stop_reason == "tolerance" || model.stop_reason == "fixed_point";
  model.seed = read_unsigned_attribute(file, "seed");
  model.feature_names = read_texts_attribute(file, "feature_names");
  model.instruction_set = read.optional_text("instruction_set");
  model.shoal_version = read.optional_text("shoal_version");
  model.options = read.optional_text("options");
  model.parameters = read_group(file, "/parameters");
  if (const NamedArray* counts = find(model.parameters, "counts")) model.counts = counts->values;
  const NamedArrays history = read_group(file, "/history");
  if (const NamedArray* objective = find(history, "objective")) model.history = objective->values;
  model.sources.assign(files_opened().begin(), files_opened().end());
  return model;
}

NamedArrays read_parameters_from(const std::string& name, std::vector<std::string>& sources) {
  NamedArrays arrays = read_group(open_file(name), "/parameters");
  if (arrays.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: holds no arrays under /parameters to start from", name));
  sources.assign(files_opened().begin(), files_opened().end());
  return arrays;
}

void write_model(const Communicator& comm, OutputFile& output, const ModelFile& model) {
  on_root(comm, [&] {
    Hdf5Handle file = output.create(bytes_of(model));
    write_attributes(file, model);
    {
      const Hdf5Handle parameters = create_group(file, "parameters");
      for (const NamedArray& array : model.parameters) write_array(parameters, array);
      write_array(parameters, {"counts", {model.counts.size()}, model.counts});
      const Hdf5Handle history = create_group(file, "history");
      write_array(history, {"objective", {model.history.size()}, model.history});
    }
    file.close(output.name());
  });
}

ModelFile read_model(const Communicator& comm, const std::string& file) {
  ModelFile model;
  on_root(comm, [&] { unpack(ask(Question::model, pack(file), file), model); });
  broadcast_object(comm, model);
  return model;
}

NamedArrays read_parameters(const Communicator& comm, const std::string& file, std::vector<std::string>& sources) {
  NamedArrays arrays;
  std::vector<std::string> opened;
  on_root(comm, [&] { unpack(ask(Question::parameters, pack(file), file), arrays, opened); });
  broadcast_object(comm, arrays);
  sources.insert(sources.end(), opened.begin(), opened.end());  // files are compared by rank 0
  return arrays;
}

}  // namespace shoal
