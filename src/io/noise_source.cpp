#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "io/covariance_check.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/noise_reader.hpp"
#include "shoal/io/shard_reader.hpp"

namespace shoal {
namespace {

/// Whatever its rank: an array by its first axis, a table or a group by its rows.
std::vector<DatasetInfo> describe_numbers(const std::string& name, const ShapeOptions& of_data) {
  ShapeOptions shape;
  shape.no_attributes = of_data.no_attributes;
  shape.transpose = of_data.transpose;
  if (!of_data.transpose) shape.row_axes = "0";
  try {
    return describe_here({name}, Wanted::matrix, shape);
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage && !of_data.transpose) throw;  // tables and groups have no axes
    shape.row_axes = error.code() == ExitCode::usage ? "" : "0";
    shape.transpose = false;
    return describe_here({name}, Wanted::matrix, shape);
  }
}

/// Features of an S of this kind that has so many numbers; 0: none has.
std::int64_t features_of(NoiseKind kind, std::int64_t numbers) {
  if (kind == NoiseKind::sd || kind == NoiseKind::variance) return numbers;
  const auto about =
      static_cast<std::int64_t>(std::sqrt(static_cast<double>(kind == NoiseKind::packed ? 2 * numbers : numbers)));
  for (std::int64_t d = std::max<std::int64_t>(about - 1, 1); d <= about + 1; ++d)
    if ((kind == NoiseKind::packed ? d * (d + 1) / 2 : d * d) == numbers) return d;
  return 0;
}

std::vector<std::int64_t> first_numbers(std::int64_t n) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

/// By names, where the noise has those of the features, each once; else nothing.
std::vector<std::int64_t> columns_by_name(const DatasetInfo& data, const std::vector<std::string>& names) {
  std::vector<std::int64_t> columns;
  for (const std::string& name : data.feature_names) {
    if (std::ranges::count(names, name) != 1) return {};
    columns.push_back(std::ranges::find(names, name) - names.begin());
  }
  return columns;
}

/// Which of an S's features the data's are: an S of all features that are stored, or of those that were chosen, in the
/// order in which that was asked for.
std::vector<std::int64_t> columns_for(const DatasetInfo& data, const DatasetInfo& noise, std::int64_t n_stored) {
  const bool named = static_cast<std::int64_t>(noise.feature_names.size()) == n_stored;
  if (std::vector<std::int64_t> found = columns_by_name(data, noise.feature_names); named && !found.empty())
    return found;
  if (data.stored_columns == n_stored) return data.column_numbers;
  const std::int64_t chosen = data.chosen_columns > 0 ? data.chosen_columns : data.n_columns;
  if (chosen != n_stored)
    throw Error(
        ExitCode::bad_data,
        fmt::format("--noise {}: speaks of {} features, the rows have {}{}", noise.name(), n_stored, chosen,
                    data.stored_columns > 0 ? " that are used; give it for these, or for all that are stored" : ""));
  if (data.matched.empty()) return first_numbers(n_stored);
  return {data.matched.begin(), data.matched.end()};
}

std::string wanted_shapes(NoiseKind kind) {
  switch (kind) {
    case NoiseKind::covariance:
      return "N x D x D, or D x D for all rows";
    case NoiseKind::packed:
      return "N x D (D + 1) / 2, or D (D + 1) / 2 for all rows";
    default:
      return "N x D, or D for all rows";
  }
}

/// Whether it is one S for all rows: without the axis of rows.
bool is_shared(NoiseKind kind, const DatasetInfo& info) {
  const std::size_t axes = info.shape.empty() ? 2 : info.shape.size();
  const std::size_t own = kind == NoiseKind::covariance ? 2 : 1;
  if (axes != own && axes != own + 1)
    throw Error(ExitCode::bad_data, fmt::format("--noise {}: is {}; --noise-kind {} is {}", info.name(),
                                                fmt::join(info.shape, " x "), to_string(kind), wanted_shapes(kind)));
  return axes == own;
}

/// All numbers of a data set, on every rank.
std::vector<double> read_numbers(const Communicator& comm, const DatasetInfo& info) {
  const auto n = static_cast<std::size_t>(info.n_rows * info.n_columns);
  std::vector<double> values(comm.is_root() ? n : 0);
  const auto rows = [&](int rank) { return rank == 0 ? Range{0, info.n_rows} : Range{info.n_rows, info.n_rows}; };
  read_slices(comm, {info}, rows, 1, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      std::transform(elements, elements + slice.n_rows * info.n_columns,
                     values.begin() + slice.first_row * info.n_columns,
                     [](auto element) { return static_cast<double>(element); });
    });
  });
  broadcast_object(comm, values);
  return values;
}

void read_shared(const Communicator& comm, NoiseSource& source) {
  const DatasetInfo& info = source.datasets.front();
  const std::vector<double> stored = read_numbers(comm, info);
  CovarianceReader reader(source.kind, source.n_stored, source.columns, is_float32(info));
  const std::string wrong = reader.read(stored.data(), {});
  if (!wrong.empty()) throw Error(ExitCode::bad_data, fmt::format("--noise {}: {}", info.name(), wrong));
  if (std::ranges::any_of(reader.values(), [](double value) { return std::isinf(value); }))
    throw Error(ExitCode::bad_data,
                fmt::format("--noise {}: a variance is infinite, so nothing would be known of a feature", info.name()));
  source.layout.shared = reader.values();
}

/// Of several files each has noise of the same form.
void require_alike(const DatasetInfo& one, const DatasetInfo& first, NoiseKind kind) {
  if (is_shared(kind, one) || one.n_columns != first.n_columns ||
      (kind == NoiseKind::covariance && one.shape.back() != first.shape.back()))
    throw Error(ExitCode::bad_data,
                fmt::format("--noise {}: is {}, {} is {}; all files must have noise of one form", one.name(),
                            fmt::join(one.shape, " x "), first.name(), fmt::join(first.shape, " x ")));
}

/// What each data file says of all rows must be one and the same.
void require_one_for_all(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const std::string& name,
                         const DescribeOne& describe, const NoiseSource& source) {
  const std::vector<double> expected = read_numbers(comm, source.datasets.front());
  std::string last = datasets.front().file;
  for (const DatasetInfo& data : datasets) {
    if (std::exchange(last, data.file) == data.file) continue;
    DatasetInfo one;
    on_root(comm, [&] { one = describe(data.file + ":" + (name.starts_with('/') ? name : "/" + name)).front(); });
    broadcast_object(comm, one);
    const bool same_size =
        is_shared(source.kind, one) && one.n_rows * one.n_columns == static_cast<std::int64_t>(expected.size());
    if (!same_size || read_numbers(comm, one) != expected)
      throw Error(
          ExitCode::bad_data,
          fmt::format("--noise {}: differs from {}; noise that is one for all rows is the same in all files: give "
                      "it for each row, or name one file (file.h5:/path)",
                      one.name(), source.datasets.front().name()));
  }
}

}  // namespace

bool is_float32(const DatasetInfo& info) {
  return std::ranges::any_of(stored_of(info), [](const DatasetInfo* stored) {
    return stored->storage.number.is_float && stored->storage.number.size < sizeof(double);
  });
}

NoiseSource describe_noise(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                           const RowOptions& options) {
  NoiseSource source;
  source.kind = options.noise_kind;
  if (options.noise.name.empty()) return source;
  const std::string& name = options.noise.name;
  const auto describe = [&](const std::string& one) { return describe_numbers(one, options.shape); };
  DatasetInfo first;
  on_root(comm, [&] {
    const bool named = !parse_dataset_name(name).path.empty();
    const std::string path = name.starts_with('/') ? name : "/" + name;
    try {
      first = describe(named ? name : datasets.front().file + ":" + path).front();
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("--noise: {}", error.what()));
    }
  });
  broadcast_object(comm, first);
  const bool shared = is_shared(source.kind, first);
  const std::int64_t numbers = shared ? first.n_rows * first.n_columns : first.n_columns;
  source.n_stored = features_of(source.kind, numbers);
  if (source.n_stored == 0 || (shared && source.kind == NoiseKind::covariance && first.n_rows != first.n_columns))
    throw Error(ExitCode::bad_data,
                fmt::format("--noise {}: {} numbers{} are not of --noise-kind {}, which is {}", first.name(), numbers,
                            shared ? "" : " per row", to_string(source.kind), wanted_shapes(source.kind)));
  source.columns = columns_for(datasets.front(), first, source.n_stored);
  for (const DatasetInfo& data : datasets)
    if (columns_for(data, first, source.n_stored) != source.columns)
      throw Error(ExitCode::bad_data, fmt::format("--noise: features of {} stand in another order than those of {}; "
                                                  "give files of one order",
                                                  data.name(), datasets.front().name()));
  source.layout.form = source.kind == NoiseKind::sd || source.kind == NoiseKind::variance
                           ? NoiseLayout::Form::variances
                           : NoiseLayout::Form::covariances;
  source.datasets = {first};
  if (!shared) {
    source.datasets = describe_beside(comm, datasets, name, "--noise", options.shape.rows, describe);
    for (const DatasetInfo& one : source.datasets) require_alike(one, first, source.kind);
    return source;
  }
  read_shared(comm, source);
  if (parse_dataset_name(name).path.empty()) require_one_for_all(comm, datasets, name, describe, source);
  return source;
}

}  // namespace shoal
