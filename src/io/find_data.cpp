// What is in a file, and which of it is meant where nobody says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "io/describe.hpp"
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

}  // namespace

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

namespace {

/// PyTables' index of a column, which is no data.
bool is_index(const std::string& path) { return path.find("/_i_") != std::string::npos; }

bool qualifies(hid_t file, const std::string& path, Wanted wanted) {
  if (is_index(path)) return false;
  const hid_t id = open_dataset(file, path);
  if (id < 0) return false;
  const Hdf5Handle dataset(id, H5Dclose);
  const auto type = number_type_of(dataset);
  if (!type) return false;
  if (wanted == Wanted::matrix) return extents_of(dataset).size() == 2;
  return path != "/ids" && extents_of(dataset).size() == 1 && !type->stored.is_float;
}

/// The file's data sets with their shapes, not all where there are many.
std::string what_there_is(hid_t file, const std::vector<std::string>& paths) {
  constexpr std::size_t most = 8;
  std::vector<std::string> shown;
  for (const std::string& path : paths) {
    if (shown.size() == most || is_index(path)) continue;
    const Hdf5Handle dataset(open_dataset(file, path), H5Dclose);
    if (dataset < 0) continue;
    const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
    const bool table = H5Tget_class(type) == H5T_COMPOUND;
    shown.push_back(fmt::format("{} ({}{})", path, fmt::join(extents_of(dataset), " x "), table ? ", a table" : ""));
  }
  if (paths.empty()) return "; it holds no data sets";
  return fmt::format("; there are {}{}", fmt::join(shown, ", "), shown.size() < paths.size() ? ", ..." : "");
}

/// A data set, or the group of which it is a column (vaex has each in a group of its own).
std::string what_to_name(hid_t file, const std::string& path) {
  const Hdf5Handle dataset(open_dataset(file, path), H5Dclose);
  if (dataset < 0 || extents_of(dataset).size() != 1 || !number_type_of(dataset)) return path;
  std::string group = path.substr(0, path.rfind('/'));
  if (path.ends_with("/data")) group = group.substr(0, group.rfind('/'));
  return group.empty() ? "/" : group;
}

[[noreturn]] void no_matrix(hid_t file, const std::string& name, const std::vector<std::string>& paths) {
  const bool pandas = std::ranges::any_of(paths, is_index);
  const auto first = std::ranges::find_if_not(paths, is_index);
  const std::string example = first == paths.end() ? "/path" : what_to_name(file, *first);
  throw Error(
      ExitCode::bad_data,
      fmt::format(
          "{}: no /X and no two-dimensional numeric dataset in the file{}; name what you mean, as in "
          "{}:{}: a table, a group of columns, columns /a,/b, or an array with --row-axes{}",
          name, what_there_is(file, paths), name, example,
          pandas
              ? " (the index of a pandas table is not data: name the table, or write the frame with format=\"fixed\")"
              : ""));
}

}  // namespace

std::string find_path(hid_t file, const std::string& name, Wanted wanted, const std::string& columns) {
  const std::string usual = wanted == Wanted::matrix ? "/X" : "/labels";
  if (H5Lexists(file, usual.c_str(), H5P_DEFAULT) > 0) return usual;
  if (wanted == Wanted::matrix && read_text_attribute(file, "format") == "shoal-model")
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is a model, not data; name a data set in it, as in {}:/parameters/means", name, name));
  const std::vector<std::string> paths = dataset_paths(file);
  std::vector<std::string> candidates;
  for (const std::string& path : paths)
    if (qualifies(file, path, wanted)) candidates.push_back(path);
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty() && wanted == Wanted::matrix) {
    if (!columns.empty()) return "/";  // columns of its own
    no_matrix(file, name, paths);
  }
  const std::string what = wanted == Wanted::matrix ? "two-dimensional numeric" : "one-dimensional integer";
  if (candidates.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: no {} and no {} dataset in the file", name, usual, what));
  throw Error(ExitCode::bad_data, fmt::format("{}: no {} and several {} datasets ({}); name one, as in {}:{}", name,
                                              usual, what, fmt::join(candidates, ", "), name, candidates.front()));
}

namespace {

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

}  // namespace

void no_dataset(hid_t file, const DatasetInfo& info) {
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
  throw Error(ExitCode::bad_data, fmt::format("{}: no dataset {} in it; `shoal info {}` lists what there is", info.file,
                                              info.path, info.file));
}

}  // namespace shoal
