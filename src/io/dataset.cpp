#include "shoal/io/dataset.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "io/describe.hpp"
#include "io/reader.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {

DatasetName parse_dataset_name(const std::string& text) {
  const std::size_t colon = text.rfind(":/");
  std::error_code ignored;
  if (colon == std::string::npos || colon == 0 || std::filesystem::exists(text, ignored)) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<DatasetInfo> describe_here(const std::vector<std::string>& names, Wanted wanted,
                                       const ShapeOptions& shape) {
  std::vector<DatasetInfo> infos;
  Reader reader(Question::describe, pack(names, wanted, shape), memory_for_headers);
  for (const std::string& name : names) {
    std::vector<DatasetInfo> found;
    unpack(reader.next(parse_dataset_name(name).file), found);
    std::ranges::move(found, std::back_inserter(infos));
  }
  if (!shape.rows.empty()) choose_rows(infos, shape.rows, "--rows");
  return infos;
}

std::vector<DatasetInfo> describe_datasets(const Communicator& comm, const std::vector<std::string>& names,
                                           Wanted wanted, const ShapeOptions& shape) {
  std::vector<DatasetInfo> infos;
  on_root(comm, [&] { infos = describe_here(names, wanted, shape); });
  broadcast_object(comm, infos);
  return infos;
}

FileSummary summarise_file(const std::string& name) {
  FileSummary summary;
  unpack(ask(Question::summarise, pack(name), name), summary);
  return summary;
}

std::int64_t total_rows(const std::vector<DatasetInfo>& datasets) {
  std::int64_t rows = 0;
  for (const DatasetInfo& info : datasets) rows += info.n_rows;
  return rows;
}

bool all_float32(const std::vector<DatasetInfo>& datasets) {
  return std::ranges::all_of(datasets, [](const DatasetInfo& info) { return info.type == ElementType::float32; });
}

}  // namespace shoal
