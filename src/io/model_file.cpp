#include "shoal/io/model_file.hpp"

#include "io/level_group.hpp"
#include "io/reader.hpp"
#include "io/scan_table.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

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

void write_group(hid_t file, const char* name, const NamedArrays& arrays) {
  const Hdf5Handle group = create_group(file, name);
  for (const NamedArray& array : arrays) write_array(group, array);
}

void write_scaling(hid_t file, const Scaling& scaling) {
  write_group(file, "preprocessing",
              {{"center", {scaling.center.size()}, scaling.center}, {"scale", {scaling.scale.size()}, scaling.scale}});
}

void write_attributes(hid_t file, const ModelFile& model) {
  write_attribute(file, "format", std::string("shoal-model"));
  write_attribute(file, "format_version", std::int64_t{model.scaling.empty() ? 1 : 2});
  ModelFile::visit_attributes(model, [&]<class Value>(const char* name, const Value& value) {
    if constexpr (std::is_same_v<Value, std::vector<std::string>>)
      if (value.empty()) return;
    if constexpr (std::is_same_v<Value, OptionalNumber>) {
      if (value.known()) write_attribute(file, name, value.value);
    } else {
      write_attribute(file, name, value);
    }
  });
}

/// The model's size on disk, generously.
std::int64_t bytes_of(const ModelFile& model) {
  const std::size_t numbers = model.history.size() + 2 * model.scaling.center.size();
  std::size_t bytes = 65536 + model.options.size() + numbers * sizeof(double) + model.scan.lines.size() * 256;
  for (const NamedArrays* arrays : {&model.parameters, &model.health, &model.starts})
    for (const NamedArray& array : *arrays) bytes += array.values.size() * sizeof(double) + 1024;
  for (const std::string& name : model.feature_names) bytes += 2 * (name.size() + 64);
  return static_cast<std::int64_t>(bytes) + bytes_of_levels(model.level_names);
}

}  // namespace

void write_model(const Communicator& comm, OutputFile& output, const ModelFile& model) {
  on_root(comm, [&] {
    Hdf5Handle file = output.create(bytes_of(model));
    write_attributes(file, model);
    {
      write_group(file, "parameters", model.parameters);
      write_group(file, "history", {{"objective", {model.history.size()}, model.history}});
      if (!model.health.empty()) write_group(file, "health", model.health);
      if (!model.starts.empty()) write_group(file, "starts", model.starts);
      if (!model.scan.lines.empty()) write_scan(file, model.scan, model.is_mixture);
      if (!model.scaling.empty()) write_scaling(file, model.scaling);
    }
    write_levels(file, {model.feature_names, model.level_names});
    file.close(output.name());
  });
}

ModelFile read_model(const Communicator& comm, const std::string& file, const std::vector<std::string>& kinds) {
  ModelFile model;
  on_root(comm, [&] { unpack(ask(Question::model, pack(file, kinds), file), model); });
  broadcast_object(comm, model);
  return model;
}

StoredParameters read_parameters(const Communicator& comm, const std::string& file, std::vector<std::string>& sources) {
  StoredParameters stored;
  std::vector<std::string> opened;
  on_root(comm, [&] { unpack(ask(Question::parameters, pack(file), file), stored, opened); });
  broadcast_object(comm, stored);
  sources.insert(sources.end(), opened.begin(), opened.end());  // files are compared by rank 0
  return stored;
}

}  // namespace shoal
