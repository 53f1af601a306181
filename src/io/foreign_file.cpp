#include "io/foreign_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "io/descriptor.hpp"
#include "io/foreign_kind.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

/// What a file is once it is open: HDF5's part comes first, as its drivers have it.
struct ForeignFile {
  H5FD_t hdf5{};
  std::string name;
  int descriptor = -1;
  haddr_t end_of_addresses = 0;
  struct stat status {};
};

std::set<std::string>& opened() {
  static std::set<std::string> files;
  return files;
}

/// Set while where_read runs.
std::optional<Extent>* recorded = nullptr;

ForeignFile& of(H5FD_t* file) { return *reinterpret_cast<ForeignFile*>(file); }
const ForeignFile& of(const H5FD_t* file) { return *reinterpret_cast<const ForeignFile*>(file); }

H5FD_t* open_foreign(const char* name, unsigned flags, hid_t /*access*/, haddr_t /*most*/) {
  if ((flags & H5F_ACC_RDWR) != 0) return nullptr;
  auto file = std::make_unique<ForeignFile>();
  file->name = name;
  file->descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO would wait for a writer
  if (file->descriptor < 0) return nullptr;
  if (fstat(file->descriptor, &file->status) != 0 || !S_ISREG(file->status.st_mode)) {
    close(file->descriptor);
    return nullptr;
  }
  opened().insert(name);
  return &file.release()->hdf5;
}

herr_t close_foreign(H5FD_t* file) {
  const std::unique_ptr<ForeignFile> held(&of(file));
  close(held->descriptor);
  return 0;
}

int compare_foreign(const H5FD_t* a, const H5FD_t* b) {
  const auto key = [](const H5FD_t* file) { return std::pair(of(file).status.st_dev, of(file).status.st_ino); };
  return key(a) < key(b) ? -1 : key(b) < key(a) ? 1 : 0;
}

herr_t query_foreign(const H5FD_t* /*file*/, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

haddr_t end_of_addresses(const H5FD_t* file, H5FD_mem_t /*type*/) { return of(file).end_of_addresses; }

herr_t set_end_of_addresses(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t address) {
  of(file).end_of_addresses = address;
  return 0;
}

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t /*type*/) { return static_cast<haddr_t>(of(file).status.st_size); }

herr_t read_foreign(H5FD_t* file, H5FD_mem_t type, hid_t /*transfer*/, haddr_t address, std::size_t size,
                    void* buffer) {
  const ForeignFile& from = of(file);
  if (type == H5FD_MEM_DRAW && recorded != nullptr) {
    *recorded = Extent{from.name, address, size};
    return 0;
  }
  if (address > end_of_file(file, type) || size > end_of_file(file, type) - address) return -1;
  return read_fully(from.descriptor, {static_cast<std::byte*>(buffer), size}, address) == size ? 0 : -1;
}

herr_t write_foreign(H5FD_t* /*file*/, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t /*address*/,
                     std::size_t /*size*/, const void* /*buffer*/) {
  return -1;
}

hid_t foreign_driver() {
  static const H5FD_class_t description = [] {
    H5FD_class_t d{};
    d.name = "shoal";
    d.maxaddr = (haddr_t{1} << 62U);
    d.fc_degree = H5F_CLOSE_WEAK;
    d.open = open_foreign;
    d.close = close_foreign;
    d.cmp = compare_foreign;
    d.query = query_foreign;
    d.get_eoa = end_of_addresses;
    d.set_eoa = set_end_of_addresses;
    d.get_eof = end_of_file;
    d.read = read_foreign;
    d.write = write_foreign;
    const std::array<H5FD_mem_t, H5FD_MEM_NTYPES> free_lists = H5FD_FLMAP_DICHOTOMY;
    std::copy(free_lists.begin(), free_lists.end(), d.fl_map);
    return d;
  }();
  static const hid_t driver = H5FDregister(&description);
  return driver;
}

constexpr std::array<unsigned char, 8> signature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/// The first bytes of the superblock, which stands at 0, 512, 1024, 2048, ...; empty where there is none.
std::array<unsigned char, 12> superblock(int descriptor, std::uint64_t size) {
  std::array<unsigned char, 12> head{};
  for (std::uint64_t place = 0; place + head.size() <= size; place = place == 0 ? 512 : 2 * place) {
    if (read_fully(descriptor, std::as_writable_bytes(std::span(head)), place) != head.size()) break;
    if (std::equal(signature.begin(), signature.end(), head.begin())) return head;
  }
  return {};
}

void require_closed(const std::string& file, const std::array<unsigned char, 12>& head) {
  constexpr unsigned char has_flags = 3, writing = 1, one_writer_many_readers = 4;
  if (head[8] < has_flags || (head[11] & (writing | one_writer_many_readers)) == 0) return;
  throw Error(ExitCode::bad_data,
              fmt::format("{}: is open for writing elsewhere, or its writer died before it closed the file; wait for "
                          "the writer, or clear the mark: h5clear -s {}",
                          file, file));
}

/// file.h5/data is written where file.h5:/data is meant.
[[noreturn]] void no_file(const std::string& name) {
  std::error_code ignored;
  for (auto slash = name.rfind('/'); slash != std::string::npos && slash > 0; slash = name.rfind('/', slash - 1)) {
    const std::string file = name.substr(0, slash), path = name.substr(slash);
    if (std::filesystem::is_regular_file(file, ignored))
      throw Error(ExitCode::no_input,
                  fmt::format("{}: {} is a file, not a folder; name what is in it behind a colon: {}:{}", name, file,
                              file, path));
  }
  throw Error(ExitCode::no_input, fmt::format("{}: no such file; check the name and the folder", name));
}

void require_hdf5_file(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) no_file(file);
  if (S_ISDIR(status.st_mode)) throw Error(ExitCode::no_input, fmt::format("{}: is a folder; give an HDF5 file", file));
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    throw Error(ExitCode::no_input,
                fmt::format("{}: cannot be read ({}); check its permissions", file, std::strerror(errno)));
  fstat(descriptor, &status);
  const bool regular = S_ISREG(status.st_mode);
  const std::array<unsigned char, 12> head =
      regular ? superblock(descriptor, static_cast<std::uint64_t>(status.st_size)) : std::array<unsigned char, 12>{};
  std::string first(kind_bytes, '\0');
  if (regular && head[0] == 0) first.resize(read_fully(descriptor, std::as_writable_bytes(std::span(first)), 0));
  close(descriptor);
  if (!regular)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is a pipe, device or socket; HDF5 needs a file, so write it to one first", file));
  if (const std::string kind = head[0] == 0 ? foreign_kind(file, first) : ""; !kind.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: is not an HDF5 file, it {}", file, kind));
  if (head[0] == 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is not an HDF5 file; `shoal convert` makes one from CSV or NPY", file));
  require_closed(file, head);
}

}  // namespace

Hdf5Handle open_file(const std::string& file) {
  require_hdf5_file(file);
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_driver(access, foreign_driver(), nullptr);
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, access);
  if (id < 0 && hdf5_says("truncated"))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is truncated: the file ends before its data do; copy it or write it again", file));
  return hold(id, H5Fclose, ExitCode::bad_data,
              file + ": the HDF5 file is truncated or damaged; copy it or write it again");
}

const std::set<std::string>& files_opened() { return opened(); }

std::optional<Extent> where_read(const std::function<void()>& call) {
  std::optional<Extent> place;
  recorded = &place;
  call();
  recorded = nullptr;
  return place;
}

bool hdf5_says(const std::string& text) {
  struct Search {
    const std::string& text;
    bool found;
  } search{text, false};
  const auto look = [](unsigned, const H5E_error2_t* record, void* data) -> herr_t {
    auto& s = *static_cast<Search*>(data);
    s.found = s.found || (record->desc != nullptr && std::string(record->desc).find(s.text) != std::string::npos);
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look, &search);
  return search.found;
}

}  // namespace shoal
