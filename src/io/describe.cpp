#include "io/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "io/foreign_file.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// A group on the way down: its links, and which comes next.
struct OpenGroup {
  Hdf5Handle group;
  std::vector<std::string> names;
  std::size_t next = 0;
  std::size_t path_length = 0;
};

std::vector<std::string> hard_links(hid_t group) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t* info, void* data) -> herr_t {
    if (info->type == H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names);
  return names;
}

/// The data sets of a file in order of their names, by hard links alone, each once.
std::vector<std::string> dataset_paths(hid_t file) {
  // Not H5Ovisit, which walks from the root to each object: 3,000 nested groups take it 20 s.
  std::vector<std::string> paths;
  std::set<std::tuple<unsigned long, haddr_t>> seen;
  std::string path;
  std::vector<OpenGroup> stack;
  const auto enter = [&](hid_t id, std::size_t path_length) {
    if (id < 0) return;
    Hdf5Handle group(id, H5Gclose);
    std::vector<std::string> names = hard_links(group);
    stack.push_back({std::move(group), std::move(names), 0, path_length});
  };
  enter(H5Gopen2(file, "/", H5P_DEFAULT), 0);
  while (!stack.empty()) {
    OpenGroup& top = stack.back();
    path.resize(top.path_length);
    if (top.next == top.names.size()) {
      stack.pop_back();
      continue;
    }
    const std::string name = top.names[top.next++];
    path += "/" + name;
    H5O_info_t object{};
    if (H5Oget_info_by_name2(top.group, name.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) continue;
    if (!seen.insert({object.fileno, object.addr}).second) continue;
    if (object.type == H5O_TYPE_DATASET) paths.push_back(path);
    if (object.type == H5O_TYPE_GROUP) enter(H5Gopen2(top.group, name.c_str(), H5P_DEFAULT), path.size());
  }
  return paths;
}

hid_t open_dataset(hid_t file, const std::string& path) {
  H5O_info_t object{};
  if (H5Oget_info_by_name2(file, path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  return object.type == H5O_TYPE_DATASET ? H5Dopen2(file, path.c_str(), H5P_DEFAULT) : -1;
}

std::optional<NumberType> number_type_of(hid_t dataset) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  return number_type(type);
}

std::vector<std::int64_t> extents_of(hid_t dataset) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> size(rank > 0 ? static_cast<std::size_t>(rank) : 0);
  if (rank > 0) H5Sget_simple_extent_dims(space, size.data(), nullptr);
  return {size.begin(), size.end()};
}

bool qualifies(hid_t file, const std::string& path, Wanted wanted) {
  const hid_t id = open_dataset(file, path);
  if (id < 0) return false;
  const Hdf5Handle dataset(id, H5Dclose);
  const auto type = number_type_of(dataset);
  if (!type) return false;
  if (wanted == Wanted::matrix) return extents_of(dataset).size() == 2;
  return path != "/ids" && extents_of(dataset).size() == 1 && !type->stored.is_float;
}

std::string find_path(hid_t file, const std::string& name, Wanted wanted) {
  const std::string usual = wanted == Wanted::matrix ? "/X" : "/labels";
  if (H5Lexists(file, usual.c_str(), H5P_DEFAULT) > 0) return usual;
  std::vector<std::string> candidates;
  for (const std::string& path : dataset_paths(file))
    if (qualifies(file, path, wanted)) candidates.push_back(path);
  if (candidates.size() == 1) return candidates.front();
  const std::string what = wanted == Wanted::matrix ? "two-dimensional numeric" : "one-dimensional integer";
  if (candidates.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: no {} and no {} dataset in the file", name, usual, what));
  throw Error(ExitCode::bad_data, fmt::format("{}: no {} and several {} datasets ({}); name one, as in {}:{}", name,
                                              usual, what, fmt::join(candidates, ", "), name, candidates.front()));
}

/// Where a soft or external link points; file empty: within the same one. Nothing for other links.
std::optional<std::pair<std::string, std::string>> link_target(hid_t file, const std::string& path) {
  H5L_info_t link{};
  if (H5Lget_info(file, path.c_str(), &link, H5P_DEFAULT) < 0) return std::nullopt;
  if (link.type != H5L_TYPE_SOFT && link.type != H5L_TYPE_EXTERNAL) return std::nullopt;
  std::string value(link.u.val_size + 1, '\0');
  if (H5Lget_val(file, path.c_str(), value.data(), value.size(), H5P_DEFAULT) < 0) return std::nullopt;
  if (link.type == H5L_TYPE_SOFT) return std::pair(std::string(), std::string(value.c_str()));
  const char* target_file = nullptr;
  const char* target_path = nullptr;
  unsigned flags = 0;
  if (H5Lunpack_elink_val(value.data(), value.size(), &flags, &target_file, &target_path) < 0) return std::nullopt;
  return std::pair(std::string(target_file), std::string(target_path));
}

/// Why there is no data set at `path`, and what to do.
[[noreturn]] void no_dataset(hid_t file, const DatasetInfo& info) {
  namespace fs = std::filesystem;
  if (const auto target = link_target(file, info.path)) {
    const auto& [link_file, link_path] = *target;
    if (link_file.empty())
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: is a link to {}, where no data set is; name another", info.name(), link_path));
    const fs::path beside = fs::absolute(info.file).parent_path() / link_file;
    std::error_code ignored;
    if (!fs::exists(beside, ignored) && !fs::exists(link_file, ignored))
      throw Error(ExitCode::no_input, fmt::format("{}: is a link to {} in the file {}, which is missing; put it back",
                                                  info.name(), link_path, link_file));
    throw Error(ExitCode::bad_data, fmt::format("{}: is a link to {} in the file {}, where no data set can be opened",
                                                info.name(), link_path, link_file));
  }
  H5O_info_t object{};
  if (H5Oget_info_by_name2(file, info.path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
      object.type == H5O_TYPE_GROUP)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is a group, not a data set (a sparse matrix is stored so: write it as a dense one); "
                            "`shoal info {}` lists what there is",
                            info.name(), info.file));
  throw Error(ExitCode::bad_data, fmt::format("{}: no dataset {} in it; `shoal info {}` lists what there is", info.file,
                                              info.path, info.file));
}

void read_shape(hid_t dataset, Wanted wanted, DatasetInfo& info) {
  const std::vector<std::int64_t> size = extents_of(dataset);
  const std::size_t needed = wanted == Wanted::matrix ? 2 : 1;
  if (size.size() != needed && !(wanted == Wanted::labels && size.size() == 2 && size[1] == 1))
    throw Error(ExitCode::bad_data, fmt::format("{}: has {} dimensions, needed are {}{}", info.name(), size.size(),
                                                needed, needed == 2 ? " (rows x features)" : ""));
  constexpr std::int64_t most_rows = std::int64_t{1} << 48U, most_columns = std::int64_t{1} << 31U;
  if (size[0] > most_rows || (size.size() == 2 && size[1] > most_columns))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: claims to be {}; it is damaged", info.name(), fmt::join(size, " x ")));
  info.rank = static_cast<int>(size.size());
  info.n_rows = size[0];
  info.n_columns = size.size() == 2 ? size[1] : 1;
  if (info.n_rows == 0 || info.n_columns == 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is empty ({} rows, {} columns)", info.name(), info.n_rows, info.n_columns));
}

void read_attributes(hid_t dataset, DatasetInfo& info) {
  info.levels = read_integers_attribute(dataset, "levels");
  for (const std::int64_t n : info.levels)
    if (n < 1 || n > 65534)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its attribute `levels` holds {}; a feature has 1 to 65534 levels", info.name(), n));
  info.feature_names = read_texts_attribute(dataset, "feature_names");
  if (static_cast<std::int64_t>(info.feature_names.size()) != info.n_columns) info.feature_names.clear();
}

bool is_text(hid_t dataset) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
}

/// Texts of one size, as `convert` writes them, as rows of bytes.
NumberType as_bytes(hid_t dataset, DatasetInfo& info) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  constexpr std::size_t most_bytes = 65536;
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Tget_size(type) > most_bytes)
    throw Error(ExitCode::bad_data, fmt::format("{}: its texts are in chunks, or too long", info.name()));
  info.rank = 2;
  info.n_columns = static_cast<std::int64_t>(H5Tget_size(type));
  return {{false, false, false, 1, 0, 8, "text"}, ElementType::uint8};
}

FoundDataset found(hid_t file, const std::string& name, const std::string& path) {
  const Hdf5Handle dataset(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
  if (dataset < 0) return {path, "", "other", "damaged"};
  const std::vector<std::int64_t> size = extents_of(dataset);
  const auto type = number_type_of(dataset);
  FoundDataset result{path, size.empty() ? "scalar" : fmt::format("{}", fmt::join(size, " x ")),
                      type ? type->stored.name : "other", "contiguous"};
  if (!type || size.empty() || size.size() > 2) return result;
  DatasetInfo info;
  info.file = name;
  info.path = path;
  info.rank = static_cast<int>(size.size());
  info.n_rows = size[0];
  info.n_columns = size.size() == 2 ? size[1] : 1;
  try {
    read_storage(dataset, *type, info);
    result.layout = to_string(info.storage);
    require_filters(info);
  } catch (const Error& error) {  // it cannot be read, and why
    result.layout += fmt::format("; not readable: {}", error.what());
  }
  return result;
}

}  // namespace

DatasetInfo describe_dataset(const std::string& name, Wanted wanted) {
  const DatasetName parsed = parse_dataset_name(name);
  const Hdf5Handle file = open_file(parsed.file);
  DatasetInfo info;
  info.file = parsed.file;
  info.path = parsed.path.empty() ? find_path(file, parsed.file, wanted) : parsed.path;
  const hid_t id = open_dataset(file, info.path);
  if (id < 0) no_dataset(file, info);
  const Hdf5Handle dataset(id, H5Dclose);
  read_shape(dataset, wanted, info);
  const auto type =
      wanted == Wanted::ids && is_text(dataset) ? std::optional(as_bytes(dataset, info)) : number_type_of(dataset);
  if (!type)
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: is neither float16, float32, float64, integer nor boolean; convert it first", info.name()));
  read_storage(dataset, *type, info);
  require_filters(info);
  read_attributes(dataset, info);
  info.storage.sources.assign(files_opened().begin(), files_opened().end());
  return info;
}

FileSummary summarise(const std::string& name) {
  const Hdf5Handle file = open_file(name);
  FileSummary summary;
  summary.format = read_text_attribute(file, "format").value_or("");
  for (const std::string& path : dataset_paths(file)) summary.datasets.push_back(found(file, name, path));
  return summary;
}

}  // namespace shoal
