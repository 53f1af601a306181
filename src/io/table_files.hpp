/// The kinds of files that open_table knows.
#pragma once

#include <memory>
#include <string_view>

#include "io/rereadable.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

std::unique_ptr<TableSource> open_text(RereadableFile file, const TableOptions& options);
std::unique_ptr<TableSource> open_npy(RereadableFile file, const TableOptions& options);

}  // namespace shoal
