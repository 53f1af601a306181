#include "io/level_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "shoal/core/error.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

constexpr const char* group_name = "levels";
constexpr std::size_t most_levels = 65534;
constexpr std::size_t most_bytes = std::size_t{1}
                                   << 28U;  ///< of all names, as they are written; a header may claim anything

/// The size of texts that are written as of one size.
std::size_t longest_of(const std::vector<std::string>& texts) {
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  return longest;
}

/// A file's data set of names, while it is looked at.
class NamesReader {
 public:
  NamesReader(hid_t group, const std::string& file, const std::string& feature)
      : name_(fmt::format("{}:/{}/{}", file, group_name, feature)) {
    H5O_info_t object{};
    if (H5Oget_info_by_name2(group, feature.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
        object.type != H5O_TYPE_DATASET)
      refuse("is not a data set");
    dataset_ =
        hold(H5Dopen2(group, feature.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::bad_data, name_ + ": is damaged");
    type_ = Hdf5Handle(H5Dget_type(dataset_), H5Tclose);
    const Hdf5Handle space(H5Dget_space(dataset_), H5Sclose);
    if (H5Tget_class(type_) != H5T_STRING || H5Sget_simple_extent_ndims(space) != 1) refuse("is not a list of texts");
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    if (n < 0 || static_cast<std::size_t>(n) > most_levels)
      refuse(fmt::format("has {} names, but a feature has at most {} levels", n, most_levels));
    n_ = static_cast<std::size_t>(n);
  }

  [[nodiscard]] std::vector<std::string> read() const {
    std::vector<std::string> names = H5Tis_variable_str(type_) > 0 ? read_variable() : read_fixed();
    std::set<std::string_view> seen;
    for (const std::string& name : names)
      if (!seen.insert(name).second) refuse(fmt::format("has the name \"{}\" twice", name));
    return names;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}; give each level one name, in the order of the codes, or remove it", name_, what));
  }

  void read_raw(hid_t type, void* values) const {
    if (n_ > 0 && H5Dread(dataset_, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) refuse("cannot be read");
  }

  [[nodiscard]] std::vector<std::string> read_variable() const {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5Tget_cset(type_));
    std::vector<char*> values(n_, nullptr);
    read_raw(type, values.data());
    std::vector<std::string> names;
    for (char* value : values) {
      names.emplace_back(value == nullptr ? "" : value);
      H5free_memory(value);
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> read_fixed() const {
    const std::size_t width = H5Tget_size(type_);
    if (width == 0 || n_ > most_bytes / width) refuse(fmt::format("claims {} names of {} bytes", n_, width));
    std::string bytes(n_ * width, '\0');
    read_raw(type_, bytes.data());
    const H5T_str_t padding = H5Tget_strpad(type_);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < n_; ++i) {
      std::string name = bytes.substr(i * width, width);
      if (padding == H5T_STR_NULLTERM)
        name.resize(std::min(name.find('\0'), width));
      else
        name.erase(name.find_last_not_of(padding == H5T_STR_SPACEPAD ? ' ' : '\0') + 1);
      names.push_back(std::move(name));
    }
    return names;
  }

  std::string name_;
  Hdf5Handle dataset_;
  Hdf5Handle type_;
  std::size_t n_ = 0;
};

std::set<std::string> members(hid_t group) {
  std::set<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::set<std::string>*>(data)->emplace(name);
    return 0;
  };
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names);
  return names;
}

/// The features that have a data set, and its name. A feature's number as well as its name may be damaged: the group
/// says what is looked for.
std::map<std::size_t, std::string> named_features(hid_t group, const std::vector<std::string>& features,
                                                  std::size_t n_features) {
  std::map<std::size_t, std::string> result;
  const std::set<std::string> found = members(group);
  for (std::size_t j = 0; j < features.size(); ++j)
    if (found.contains(features[j])) result.emplace(j, features[j]);
  if (!features.empty()) return result;
  for (const std::string& name : found) {
    std::size_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number < n_features && std::to_string(number) == name) result.emplace(number, name);
  }
  return result;
}

}  // namespace

LevelNames read_levels(hid_t file, const std::string& file_name, const std::vector<std::string>& features,
                       std::size_t n_features) {
  LevelNames levels;
  if (H5Lexists(file, group_name, H5P_DEFAULT) <= 0) return levels;
  const hid_t id = H5Gopen2(file, group_name, H5P_DEFAULT);
  if (id < 0) return levels;
  const Hdf5Handle group(id, H5Gclose);
  std::size_t bytes = 0;
  for (const auto& [feature, name] : named_features(group, features, n_features)) {
    std::vector<std::string> names = NamesReader(group, file_name, name).read();
    bytes += longest_of(names) * names.size();
    if (bytes > most_bytes)
      throw Error(ExitCode::bad_data, fmt::format("{}:/{}: has over {} MiB of names; is it damaged?", file_name,
                                                  group_name, most_bytes >> 20U));
    if (!names.empty()) levels.emplace(feature, std::move(names));
  }
  return levels;
}

Hdf5Handle text_type(std::size_t size) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, size);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

Hdf5Handle create_texts(hid_t parent, const std::string& name, hid_t type, std::size_t n) {
  const hsize_t size = n;
  const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  return hold(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT), H5Dclose,
              ExitCode::io_failure, fmt::format("{} could not be written; is the disk full?", name));
}

void write_levels(hid_t file, const FeatureNames& names) {
  if (names.levels.empty()) return;
  const Hdf5Handle group = create_group(file, group_name);
  std::set<std::string> written;  // features of one name have one list
  for (const auto& [feature, levels] : names.levels) {
    const std::string name = names.of(feature);
    if (!written.insert(name).second) continue;
    const std::size_t longest = longest_of(levels);
    std::string texts;
    for (const std::string& level : levels) texts += level + std::string(longest - level.size(), '\0');
    const Hdf5Handle type = text_type(longest);
    const Hdf5Handle dataset = create_texts(group, name, type, levels.size());
    if (!levels.empty())
      check_hdf5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()),
                 fmt::format("/{}/{}: writing failed; is the disk full?", group_name, name));
  }
}

std::int64_t bytes_of_levels(const LevelNames& levels) {
  std::size_t bytes = 0;
  for (const auto& [feature, names] : levels) bytes += 4096 + longest_of(names) * names.size();
  return static_cast<std::int64_t>(bytes);
}

}  // namespace shoal
