#include "io/foreign_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace shoal {
namespace {

using std::string_view_literals::operator""sv;

struct Kind {
  std::string_view begins;
  const char* what;  ///< {0}: the file's name
};

/// The longer beginnings first, where one is another's.
constexpr std::array kinds = {
    Kind{"\x89HDF\r\n\x1a\n"sv, "is an HDF5 file already; give it to `shoal fit` as it is (`shoal info {0}`)"},
    Kind{"\x1f\x8b"sv, "is compressed by gzip; unpack it first: gzip -dc {0} > table.csv"},
    Kind{"BZh"sv, "is compressed by bzip2; unpack it first: bzip2 -dc {0} > table.csv"},
    Kind{"\xfd"
         "7zXZ\0"sv,
         "is compressed by xz; unpack it first: xz -dc {0} > table.csv"},
    Kind{"\x28\xb5\x2f\xfd"sv, "is compressed by zstd; unpack it first: zstd -dc {0} > table.csv"},
    Kind{"\xff\xfe\0\0"sv, "is text in UTF-32; write it as UTF-8: iconv -f UTF-32 -t UTF-8 {0} > table.csv"},
    Kind{"\0\0\xfe\xff"sv, "is text in UTF-32; write it as UTF-8: iconv -f UTF-32 -t UTF-8 {0} > table.csv"},
    Kind{"\xff\xfe"sv, "is text in UTF-16; write it as UTF-8: iconv -f UTF-16 -t UTF-8 {0} > table.csv"},
    Kind{"\xfe\xff"sv, "is text in UTF-16; write it as UTF-8: iconv -f UTF-16 -t UTF-8 {0} > table.csv"},
    Kind{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "is a workbook of Excel (.xls); save the sheet as CSV"},
    Kind{"PAR1"sv, "is a Parquet file; write it as CSV: pandas.read_parquet(...).to_csv(..., index=False)"},
    Kind{"ARROW1"sv, "is a Feather file; write it as CSV: pandas.read_feather(...).to_csv(..., index=False)"},
    Kind{"CDF\x01"sv, "is a classic NetCDF file; make it HDF5: nccopy -k nc4 {0} data.h5"},
    Kind{"CDF\x02"sv, "is a classic NetCDF file; make it HDF5: nccopy -k nc4 {0} data.h5"},
    Kind{"CDF\x05"sv, "is a classic NetCDF file; make it HDF5: nccopy -k nc4 {0} data.h5"},
    Kind{"MATLAB 5.0 MAT-file"sv, "is a MATLAB file of an older kind; make it HDF5: save(..., '-v7.3')"},
    Kind{"SIMPLE  ="sv, "is a FITS file; write the table as CSV, or its array as NPY by astropy and numpy.save"},
    Kind{"SQLite format 3\0"sv, "is an SQLite database; write the table as CSV: sqlite3 -csv -header {0} 'select ...'"},
    Kind{"<!DOCTYPE"sv, "is a web page; was the table itself downloaded?"},
    Kind{"<html"sv, "is a web page; was the table itself downloaded?"},
    Kind{"<?xml"sv, "is XML; write the table as CSV"},
    Kind{"{\""sv, "is JSON; write the table as CSV"},
    Kind{"[{"sv, "is JSON; write the table as CSV"},
    Kind{"version https://git-lfs"sv, "is a pointer of Git LFS, not the file itself; fetch it: git lfs pull"},
    Kind{"%PDF-"sv, "is a PDF document; give the table as CSV"},
    Kind{"\x80\x04\x95"sv, "is a Python pickle; save the array by numpy.save"},
    Kind{"RDX"sv, "is an R data file; write the table by write.csv(..., row.names = FALSE)"},
};

/// By the name of the first file in a zip archive, which stands behind its header of 30 bytes.
const char* zip_kind(std::string_view first) {
  constexpr std::size_t header = 30, name_length = 26;
  std::string_view member;
  if (first.size() > header) {
    const std::size_t n = static_cast<unsigned char>(first[name_length]) |
                          static_cast<std::size_t>(static_cast<unsigned char>(first[name_length + 1])) << 8U;
    member = first.substr(header, n);
  }
  if (member.ends_with(".npy"))
    return "is a zip archive of arrays (.npz); save one of them: numpy.save('x.npy', numpy.load('{0}')['{1}'])";
  if (member == "[Content_Types].xml" || member.starts_with("xl/"))
    return "is a workbook of Excel (.xlsx); save the sheet as CSV";
  if (member == "mimetype") return "is a document of LibreOffice; save the sheet as CSV";
  return "is a zip archive; unpack it first: unzip -p {0} > table.csv";
}

std::string zip_member(std::string_view first) {
  const std::size_t end = first.find(".npy");
  return end == std::string_view::npos || end < 30 ? "" : std::string(first.substr(30, end - 30));
}

/// Text of ASCII in UTF-16 that has no mark: every other byte is 0.
bool looks_like_utf16(std::string_view first) {
  const std::size_t pairs = std::min<std::size_t>(first.size() / 2, 32);
  std::array<std::size_t, 2> zeros = {0, 0};
  for (std::size_t i = 0; i < 2 * pairs; ++i) zeros[i % 2] += first[i] == '\0' ? 1 : 0;
  return pairs > 1 && std::max(zeros[0], zeros[1]) == pairs && std::min(zeros[0], zeros[1]) == 0;
}

}  // namespace

std::string foreign_kind(const std::string& name, std::string_view first) {
  if (first.starts_with("PK\x03\x04")) return fmt::format(fmt::runtime(zip_kind(first)), name, zip_member(first));
  const auto* const kind =
      std::ranges::find_if(kinds, [&](const Kind& candidate) { return first.starts_with(candidate.begins); });
  if (kind != kinds.end()) return fmt::format(fmt::runtime(kind->what), name);
  if (looks_like_utf16(first))
    return fmt::format("is text in UTF-16; write it as UTF-8: iconv -f {} -t UTF-8 {} > table.csv",
                       first[0] == '\0' ? "UTF-16BE" : "UTF-16LE", name);
  return "";
}

}  // namespace shoal
