// Names of features, wherever a file has them.
#include <fmt/format.h>

#include <algorithm>

#include "io/describe.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// Texts of a one-dimensional data set; empty where it holds none.
std::vector<std::string> texts_of(hid_t dataset) {
  constexpr std::int64_t most = 100'000'000;
  const std::vector<std::int64_t> size = extents_of(dataset);
  const Hdf5Handle stored(H5Dget_type(dataset), H5Tclose);
  if (size.size() != 1 || size[0] < 1 || size[0] > most || H5Tget_class(stored) != H5T_STRING) return {};
  const auto n = static_cast<std::size_t>(size[0]);
  std::vector<std::string> texts;
  if (H5Tis_variable_str(stored) > 0) {
    std::vector<char*> values(n, nullptr);
    if (H5Dread(dataset, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) return {};
    for (char* value : values) {
      texts.emplace_back(value == nullptr ? "" : value);
      H5free_memory(value);
    }
    return texts;
  }
  const std::size_t width = H5Tget_size(stored);
  constexpr std::size_t most_bytes = std::size_t{1} << 30U;
  if (width > most_bytes / n) return {};
  std::string buffer(width * n, '\0');
  if (H5Dread(dataset, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) return {};
  for (std::size_t i = 0; i < n; ++i) {
    std::string text = buffer.substr(i * width, width);
    text.erase(text.find_last_not_of(std::string("\0 ", 2)) + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

/// The first dimension scale of an axis; none: -1.
Hdf5Handle scale_of(hid_t dataset, std::size_t axis, std::size_t rank) {
  Hdf5Handle scale;
  if (H5Aexists(dataset, "DIMENSION_LIST") <= 0) return scale;
  const Hdf5Handle attribute(H5Aopen(dataset, "DIMENSION_LIST", H5P_DEFAULT), H5Aclose);
  const Hdf5Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
  if (H5Tget_class(type) != H5T_VLEN || H5Sget_simple_extent_npoints(space) != static_cast<hssize_t>(rank))
    return scale;
  const Hdf5Handle element(H5Tget_super(type), H5Tclose);
  if (H5Tequal(element, H5T_STD_REF_OBJ) <= 0) return scale;
  std::vector<hvl_t> lists(rank, hvl_t{0, nullptr});
  if (H5Aread(attribute, type, lists.data()) < 0) return scale;
  if (lists[axis].len > 0) {
    const hid_t id = H5Rdereference2(dataset, H5P_DEFAULT, H5R_OBJECT, lists[axis].p);
    if (id >= 0 && H5Iget_type(id) == H5I_DATASET) scale = Hdf5Handle(id, H5Dclose);
  }
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, lists.data());
  return scale;
}

/// Texts as they are, numbers as "level=850".
std::vector<std::string> names_by_scale(hid_t dataset, const DatasetInfo& info) {
  const std::size_t rank = info.shape.size();
  std::size_t axis = rank;  // the only one that makes features
  for (std::size_t a = 0; a < rank; ++a)
    if (std::ranges::find(info.row_axes, static_cast<std::int64_t>(a)) == info.row_axes.end())
      axis = axis == rank ? a : rank + 1;
  if (axis >= rank) return {};
  const Hdf5Handle scale = scale_of(dataset, axis, rank);
  if (scale < 0) return {};
  std::vector<std::string> names = texts_of(scale);
  const std::string kind = read_text_attribute(scale, "NAME").value_or("");
  if (!names.empty() || !number_type_of(scale) || kind.starts_with(mere_dimension)) return names;
  if (extents_of(scale) != std::vector{info.shape[axis]} || info.shape[axis] > 1'000'000) return {};
  std::vector<double> values(static_cast<std::size_t>(info.shape[axis]));
  if (H5Dread(scale, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) return {};
  std::string path(1024, '\0');
  const ssize_t n = H5Iget_name(scale, path.data(), path.size());
  path.resize(n > 0 ? std::min<std::size_t>(static_cast<std::size_t>(n), path.size() - 1) : 0);
  for (const double value : values) names.push_back(fmt::format("{}={}", path.substr(path.rfind('/') + 1), value));
  return names;
}

/// AnnData keeps them in the group `var` beside X, under the name that its attribute tells.
std::vector<std::string> names_in_var(hid_t file, const std::string& path) {
  if (!path.ends_with("/X") && path.find("/layers/") == std::string::npos) return {};
  for (const std::string& folder : {path.substr(0, path.rfind('/')), std::string()}) {
    const std::string var = folder + "/var";
    if (H5Lexists(file, (folder.empty() ? "/" : folder).c_str(), H5P_DEFAULT) < 0 ||
        H5Lexists(file, var.c_str(), H5P_DEFAULT) <= 0)
      continue;
    const hid_t id = H5Gopen2(file, var.c_str(), H5P_DEFAULT);
    if (id < 0) continue;
    const Hdf5Handle group(id, H5Gclose);
    const std::string index = read_text_attribute(group, "_index").value_or("_index");
    return read_texts(file, var + "/" + index);
  }
  return {};
}

/// pandas' fixed frames: block0_items beside block0_values; GATK's chunks: names.
std::vector<std::string> names_beside(hid_t file, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = path.substr(0, slash + 1), name = path.substr(slash + 1);
  const std::string ending = "_values";
  if (name.starts_with("block") && name.ends_with(ending))
    return read_texts(file, folder + name.substr(0, name.size() - ending.size()) + "_items");
  return name.starts_with("chunk_") ? read_texts(file, folder + "names") : std::vector<std::string>{};
}

}  // namespace

std::vector<std::string> read_texts(hid_t file, const std::string& path) {
  const Hdf5Handle dataset(open_dataset(file, path), H5Dclose);
  return dataset < 0 ? std::vector<std::string>{} : texts_of(dataset);
}

std::vector<std::string> find_feature_names(hid_t file, hid_t object, const DatasetInfo& info) {
  const auto fits = [&](const std::vector<std::string>& names) {
    return static_cast<std::int64_t>(names.size()) == info.n_columns;
  };
  std::vector<std::string> names = read_texts_attribute(object, "feature_names");
  if (!fits(names) && info.form == Form::array) names = names_by_scale(object, info);
  if (!fits(names)) names = names_beside(file, info.path);
  if (!fits(names)) names = names_in_var(file, info.path);
  return fits(names) ? names : std::vector<std::string>{};
}

}  // namespace shoal
