// The reader's side: what each question does with a foreign file.

#include "io/chunk_index.hpp"
#include "io/describe.hpp"
#include "io/foreign_file.hpp"
#include "io/level_group.hpp"
#include "io/model_reading.hpp"
#include "io/reader.hpp"
#include "io/reader_rows.hpp"
#include "io/row_parts.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {
namespace {

using Answer = std::function<void(const std::string&)>;

void serve_descriptions(const std::string& arguments, const Answer& answer) {
  std::vector<std::string> names;
  Wanted wanted{};
  ShapeOptions shape;
  unpack(arguments, names, wanted, shape);
  for (const std::string& name : names) answer(pack(describe_data(name, wanted, shape)));
}

void serve_levels(const std::string& arguments, const Answer& answer) {
  std::vector<DatasetInfo> datasets;
  unpack(arguments, datasets);
  for (const DatasetInfo& info : datasets) {
    std::vector<std::string> features = info.feature_names;
    if (features.empty())  // then by the numbers that they have in the file
      for (const std::int64_t number : info.column_numbers) features.push_back(std::to_string(number));
    const LevelNames levels =
        read_levels(open_file(info.file), info.file, features, static_cast<std::size_t>(info.n_columns));
    const std::vector<std::string> sources(files_opened().begin(), files_opened().end());
    answer(pack(levels, sources));
  }
}

void serve_chunks(const std::string& arguments, const Answer& answer) {
  std::vector<std::vector<ChunkWish>> wishes;
  unpack(arguments, wishes);
  constexpr std::size_t at_once = std::size_t{1} << 18U;  // looked up in well under a second, so nobody loses patience
  for (const std::vector<ChunkWish>& of_a_rank : wishes) {
    std::string bytes;
    look_up_chunks(of_a_rank, [&](const ChunkPlace& place) {
      bytes.append(reinterpret_cast<const char*>(&place), sizeof place);
      if (bytes.size() < at_once * sizeof place) return;
      answer(bytes);
      bytes.clear();
    });
    if (!bytes.empty()) answer(bytes);
  }
}

/// Slices of `height` rows, their borders multiples of that, by HDF5's own reading: of one source after the other.
void serve_rows(const std::string& arguments, const Answer& answer) {
  std::vector<DatasetInfo> sources;
  DatasetInfo rows_of;  // which rows of the sources those of the slices are
  Range all;
  std::int64_t height = 1;
  unpack(arguments, sources, rows_of.first_row, rows_of.row_step, all.first, all.last, height);
  std::vector<std::unique_ptr<OpenRows>> open;
  for (const DatasetInfo& source : sources) open.push_back(open_rows(source));
  each_slice(all, height, [&](const Range& slice) {
    for (const auto& source : open) answer(source->read(stored_rows(rows_of, slice)));
  });
}

}  // namespace

void serve(Question question, const std::string& arguments, const Answer& answer) {
  if (question == Question::describe) return serve_descriptions(arguments, answer);
  if (question == Question::levels) return serve_levels(arguments, answer);
  if (question == Question::chunks) return serve_chunks(arguments, answer);
  if (question == Question::rows) return serve_rows(arguments, answer);
  std::string name;
  std::vector<std::string> kinds, sources;
  if (question == Question::model) {
    unpack(arguments, name, kinds);
    return answer(pack(read_model_from(name, kinds)));
  }
  unpack(arguments, name);
  if (question == Question::summarise) return answer(pack(summarise(name)));
  const StoredParameters stored = read_parameters_from(name, sources);
  answer(pack(stored, sources));
}

}  // namespace shoal
