#include "shoal/io/label_text.hpp"

#include <csv.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>
#include <string_view>

#include "io/descriptor.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

bool ends_with(std::string name, std::string_view ending) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.ends_with(ending);
}

/// Text as a field: in quotes where it would be read as something else without.
void append_field(std::string& line, const std::string& text, char delimiter) {
  const bool plain = text.find_first_of(std::string("\"\r\n") + delimiter) == std::string::npos &&
                     (text.empty() || (text.front() != ' ' && text.back() != ' ' && text.front() != '#'));
  if (plain) {
    line += text;
    return;
  }
  const std::size_t before = line.size();
  line.resize(before + 2 * text.size() + 2);
  line.resize(before + csv_write(line.data() + before, line.size() - before, text.data(), text.size()));
}

/// Makes the lines of this rank's rows.
class LineMaker {
 public:
  LineMaker(const RowResults& results, char delimiter) : results_(results), delimiter_(delimiter) {}

  [[nodiscard]] std::string names() const {
    std::string line = results_.ids ? fmt::format("id{}label", delimiter_) : "label";
    const auto add = [&](const char* name, const std::vector<double>* values) {
      for (std::int64_t k = 0; values != nullptr && k < results_.n_clusters; ++k)
        line += fmt::format("{}{}_{}", delimiter_, name, k);
    };
    add("responsibility", results_.responsibilities);
    if (results_.log_density != nullptr) line += fmt::format("{}log_density", delimiter_);
    add("distance", results_.distances);
    return line + "\n";
  }

  void append(std::string& text, std::size_t row) const {
    if (results_.ids) append_field(text, (*results_.ids)[row], delimiter_), text += delimiter_;
    fmt::format_to(std::back_inserter(text), "{}", (*results_.labels)[row]);
    const auto k = static_cast<std::size_t>(results_.n_clusters);
    append_numbers(text, results_.responsibilities, row * k, k);
    append_numbers(text, results_.log_density, row, 1);
    append_numbers(text, results_.distances, row * k, k);
    text += '\n';
  }

 private:
  void append_numbers(std::string& text, const std::vector<double>* values, std::size_t first, std::size_t n) const {
    for (std::size_t i = first; values != nullptr && i < first + n; ++i) {
      const double value = (*values)[i];
      text += delimiter_;
      if (std::isnan(value))
        text += "NaN";  // of rows that were left out
      else
        fmt::format_to(std::back_inserter(text), "{}", value);
    }
  }

  const RowResults& results_;
  char delimiter_;
};

/// Hands over this rank's text in pieces.
void make_text(const LineMaker& maker, bool with_names, std::size_t n_rows,
               const std::function<void(const std::string&)>& take) {
  constexpr std::size_t enough = std::size_t{1} << 20U;
  std::string text = with_names ? maker.names() : "";
  for (std::size_t row = 0; row < n_rows; ++row) {
    maker.append(text, row);
    if (text.size() < enough) continue;
    take(text);
    text.clear();
  }
  take(text);
}

/// Writes the pieces from a byte on to the temporary, and brings them to disk.
class PieceWriter {
 public:
  PieceWriter(const OutputFile& output, std::uint64_t first)
      : output_(output), next_(first), file_(open(output.temporary().c_str(), O_WRONLY | O_CLOEXEC)) {  // NOLINT: POSIX
    if (file_.get() < 0)
      throw Error(ExitCode::cannot_create,
                  fmt::format("{}: some hosts do not see this file; put it on a file system that all hosts share",
                              output.name()));
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::pwrite(file_.get(), text.data(), text.size(), static_cast<off_t>(next_));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail();
      next_ += static_cast<std::uint64_t>(n);
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void finish() {
    if (fsync(file_.get()) != 0 || !file_.close()) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ExitCode::io_failure,
                fmt::format("{}: writing failed ({}); is the disk full?", output_.name(), std::strerror(errno)));
  }
  const OutputFile& output_;
  std::uint64_t next_;
  Descriptor file_;
};

}  // namespace

bool is_text_name(const std::string& file) { return ends_with(file, ".csv") || ends_with(file, ".tsv"); }

void write_label_text(const Communicator& comm, const OutputFile& output, const Partition& partition,
                      const RowResults& results) {
  const LineMaker maker(results, ends_with(output.name(), ".tsv") ? '\t' : ',');
  const auto n_rows = static_cast<std::size_t>(partition.rows_of_rank(comm.rank(), comm.size()).size());
  std::vector<std::uint64_t> bytes = {0};
  agree(comm,
        [&] { make_text(maker, comm.is_root(), n_rows, [&](const std::string& text) { bytes[0] += text.size(); }); });
  const std::vector<std::uint64_t> of_ranks = gather_values(comm, bytes);
  std::uint64_t first = 0;
  for (int rank = 0; rank < comm.rank(); ++rank) first += of_ranks[static_cast<std::size_t>(rank)];
  agree(comm, [&] {
    PieceWriter writer(output, first);
    make_text(maker, comm.is_root(), n_rows, [&](const std::string& text) { writer.write(text); });
    writer.finish();
  });
}

}  // namespace shoal
