#include "io/virtual_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "io/foreign_file.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

namespace fs = std::filesystem;

/// A file or data set that a mapping of a virtual data set names.
std::string virtual_name(hid_t creation, std::size_t i, ssize_t (*get)(hid_t, size_t, char*, size_t)) {
  std::string name(4096, '\0');
  get(creation, i, name.data(), name.size() - 1);
  name.resize(name.find('\0'));
  return name;
}

/// Where HDF5 would find it; empty where it would not.
fs::path find_source(const fs::path& folder, const std::string& name) {
  std::vector<fs::path> places = {folder / name, fs::path(name), folder / fs::path(name).filename()};
  if (const char* prefix = std::getenv("HDF5_VDS_PREFIX")) places.push_back(fs::path(prefix) / name);  // NOLINT
  std::error_code ignored;
  const auto there = std::ranges::find_if(places, [&](const fs::path& p) { return fs::exists(p, ignored); });
  return there == places.end() ? fs::path() : *there;
}

/// The name with its %b, if any, replaced by a number.
std::string numbered(const std::string& name, std::size_t number) {
  const std::size_t at = name.find("%b");
  return at == std::string::npos ? name : name.substr(0, at) + std::to_string(number) + name.substr(at + 2);
}

constexpr std::size_t most_files = 2000;  // of more, sources of sources are not looked for

void open_source(const fs::path& file, const std::string& path, int depth);

void open_sources_of(hid_t creation, const fs::path& file, int depth) {
  std::size_t n = 0;
  if (depth > 16 || H5Pget_virtual_count(creation, &n) < 0) return;
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = virtual_name(creation, i, H5Pget_virtual_filename);
    const std::string path = virtual_name(creation, i, H5Pget_virtual_dsetname);
    const bool several = name.find("%b") != std::string::npos;
    for (std::size_t number = 0; number < (several ? most_files : 1) && files_opened().size() < most_files; ++number) {
      const fs::path there = name == "." ? file : find_source(file.parent_path(), numbered(name, number));
      if (there.empty()) break;
      open_source(there, numbered(path, number), depth);
    }
  }
}

void open_source(const fs::path& file, const std::string& path, int depth) {
  try {
    const Hdf5Handle opened = open_file(file.string());
    const hid_t id = H5Dopen2(opened, path.c_str(), H5P_DEFAULT);
    if (id < 0) return;
    const Hdf5Handle dataset(id, H5Dclose), creation(H5Dget_create_plist(dataset), H5Pclose);
    if (H5Pget_layout(creation) == H5D_VIRTUAL) open_sources_of(creation, fs::absolute(file), depth + 1);
  } catch (const Error&) {  // told when its numbers are read
  }
}

}  // namespace

void require_sources(hid_t creation, const DatasetInfo& info) {
  H5D_fill_value_t defined{};
  H5Pfill_value_defined(creation, &defined);
  std::size_t n = 0;
  if (H5Pget_virtual_count(creation, &n) < 0) return;
  const fs::path folder = fs::absolute(info.storage.extents.front().file).parent_path();
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = virtual_name(creation, i, H5Pget_virtual_filename);
    if (name == "." || name.find('%') != std::string::npos) continue;
    const fs::path there = find_source(folder, name);
    std::error_code ignored;
    if (!there.empty() && !fs::is_regular_file(there, ignored))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its rows lie in {}, which is not a regular file", info.name(), there.string()));
    if (there.empty() && defined != H5D_FILL_VALUE_USER_DEFINED)
      throw Error(ExitCode::no_input, fmt::format("{}: its rows lie in {}, which is missing; put it back into {}",
                                                  info.name(), name, folder.string()));
  }
}

void open_sources(hid_t creation, const std::string& file) { open_sources_of(creation, fs::absolute(file), 0); }

}  // namespace shoal
