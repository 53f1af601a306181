#include "shoal/io/hdf5_file.hpp"

#include <cstdint>

namespace shoal {
namespace {

Hdf5Handle text_type() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

struct OpenAttribute {
  Hdf5Handle attribute;
  Hdf5Handle type;
  std::size_t n = 0;
};

std::optional<OpenAttribute> open_attribute(hid_t object, const std::string& name, H5T_class_t wanted) {
  if (H5Aexists(object, name.c_str()) <= 0) return std::nullopt;
  OpenAttribute result;
  const hid_t id = H5Aopen(object, name.c_str(), H5P_DEFAULT);
  if (id < 0) return std::nullopt;
  result.attribute = Hdf5Handle(id, H5Aclose);
  result.type = Hdf5Handle(H5Aget_type(id), H5Tclose);
  if (H5Tget_class(result.type) != wanted) return std::nullopt;
  const Hdf5Handle space(H5Aget_space(id), H5Sclose);
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (n < 0 || n > 100'000'000) return std::nullopt;
  result.n = static_cast<std::size_t>(n);
  return result;
}

void write_raw(hid_t object, const std::string& name, hid_t type, hid_t space, const void* data) {
  const std::string failed = "attribute " + name + " could not be written; is the disk full?";
  const Hdf5Handle attribute = hold(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                                    ExitCode::io_failure, failed);
  check_hdf5(H5Awrite(attribute, type, data), failed);
}

Hdf5Handle scalar() { return {H5Screate(H5S_SCALAR), H5Sclose}; }

Hdf5Handle vector_space(std::size_t n) {
  const hsize_t size = n;
  return {H5Screate_simple(1, &size, nullptr), H5Sclose};
}

}  // namespace

std::vector<std::string> read_texts_attribute(hid_t object, const std::string& name) {
  const auto open = open_attribute(object, name, H5T_STRING);
  if (!open) return {};
  std::vector<std::string> texts;
  if (H5Tis_variable_str(open->type) > 0) {
    std::vector<char*> values(open->n, nullptr);
    const Hdf5Handle type = text_type();
    H5Tset_cset(type, H5Tget_cset(open->type));
    if (H5Aread(open->attribute, type, values.data()) < 0) return {};
    for (char* value : values) {
      texts.emplace_back(value == nullptr ? "" : value);
      H5free_memory(value);
    }
    return texts;
  }
  const std::size_t width = H5Tget_size(open->type);
  if (width > 1'000'000) return {};
  std::string buffer(width * open->n, '\0');
  if (H5Aread(open->attribute, open->type, buffer.data()) < 0) return {};
  for (std::size_t i = 0; i < open->n; ++i) {
    std::string text = buffer.substr(i * width, width);
    text.erase(text.find_last_not_of(std::string("\0 ", 2)) + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

std::optional<std::string> read_text_attribute(hid_t object, const std::string& name) {
  const std::vector<std::string> texts = read_texts_attribute(object, name);
  return texts.size() == 1 ? std::optional(texts.front()) : std::nullopt;
}

std::optional<double> read_number_attribute(hid_t object, const std::string& name) {
  for (const H5T_class_t kind : {H5T_FLOAT, H5T_INTEGER}) {
    const auto open = open_attribute(object, name, kind);
    double value = 0;
    if (open && open->n == 1 && H5Aread(open->attribute, H5T_NATIVE_DOUBLE, &value) >= 0) return value;
  }
  return std::nullopt;
}

std::uint64_t read_unsigned_attribute(hid_t object, const std::string& name) {
  const auto open = open_attribute(object, name, H5T_INTEGER);
  std::uint64_t value = 0;
  return open && open->n == 1 && H5Aread(open->attribute, H5T_NATIVE_UINT64, &value) >= 0 ? value : 0;
}

std::vector<std::int64_t> read_integers_attribute(hid_t object, const std::string& name) {
  const auto open = open_attribute(object, name, H5T_INTEGER);
  if (!open) return {};
  std::vector<std::int64_t> values(open->n);
  if (H5Aread(open->attribute, H5T_NATIVE_INT64, values.data()) < 0) return {};
  return values;
}

void write_attribute(hid_t object, const std::string& name, const std::string& value) {
  const char* text = value.c_str();
  write_raw(object, name, text_type(), scalar(), &text);
}

void write_attribute(hid_t object, const std::string& name, double value) {
  write_raw(object, name, H5T_NATIVE_DOUBLE, scalar(), &value);
}

void write_attribute(hid_t object, const std::string& name, std::int64_t value) {
  write_raw(object, name, H5T_NATIVE_INT64, scalar(), &value);
}

void write_attribute(hid_t object, const std::string& name, std::uint64_t value) {
  write_raw(object, name, H5T_NATIVE_UINT64, scalar(), &value);
}

void write_attribute(hid_t object, const std::string& name, bool value) {  // the enumeration that h5py reads as a bool
  const Hdf5Handle type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  const std::int8_t no = 0;
  const std::int8_t yes = 1;
  H5Tenum_insert(type, "FALSE", &no);
  H5Tenum_insert(type, "TRUE", &yes);
  const std::int8_t stored = value ? yes : no;
  write_raw(object, name, type, scalar(), &stored);
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::int64_t>& values) {
  write_raw(object, name, H5T_NATIVE_INT64, vector_space(values.size()), values.data());
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  write_raw(object, name, text_type(), vector_space(values.size()), texts.data());
}

hid_t native_type(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return H5T_NATIVE_FLOAT;
    case ElementType::float64:
      return H5T_NATIVE_DOUBLE;
    case ElementType::int8:
    case ElementType::boolean:
      return H5T_NATIVE_INT8;
    case ElementType::int16:
      return H5T_NATIVE_INT16;
    case ElementType::int32:
      return H5T_NATIVE_INT32;
    case ElementType::int64:
      return H5T_NATIVE_INT64;
    case ElementType::uint8:
      return H5T_NATIVE_UINT8;
    case ElementType::uint16:
      return H5T_NATIVE_UINT16;
    case ElementType::uint32:
      return H5T_NATIVE_UINT32;
    case ElementType::uint64:
      return H5T_NATIVE_UINT64;
  }
  return H5T_NATIVE_DOUBLE;
}

Hdf5Handle file_access() {
  silence_hdf5();
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110);  // attributes of over 64 KiB; any reader since 2008
  return access;
}

Hdf5Handle create_file(const std::string& file, hid_t access) {
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  return hold(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose, ExitCode::cannot_create,
              file + ": cannot be created; check that the folder exists and can be written to");
}

Hdf5Handle plain_dataset() {
  Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  return creation;
}

Hdf5Handle create_dataset(hid_t parent, const std::string& path, ElementType type, const std::vector<hsize_t>& size,
                          const std::string& failed) {
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  return hold(H5Dcreate2(parent, path.c_str(), native_type(type), space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT),
              H5Dclose, ExitCode::io_failure, failed);
}

Hdf5Handle create_group(hid_t parent, const std::string& name) {
  const Hdf5Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, 0);
  return hold(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose, ExitCode::io_failure,
              "group " + name + " could not be written; is the disk full?");
}

}  // namespace shoal
