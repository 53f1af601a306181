#include "shoal/io/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <cmath>
#include <limits>
#include <sstream>

#include "shoal/core/error.hpp"
#include "shoal/io/envelope.hpp"

namespace shoal {
namespace {

/// Saves or loads, with the bytes that are there as the limit of every container: a checksum keeps accidents out, not
/// malice.
template <class Archive>
class Transfer {
 public:
  Transfer(Archive& archive, std::size_t limit) : archive_(archive), limit_(limit) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(T& value) { archive_& value; }
  void operator()(bool& value) {  // the archive's own asserts that the byte is 0 or 1
    auto byte = static_cast<std::uint8_t>(value ? 1 : 0);
    archive_& byte;
    value = byte != 0;
  }
  void operator()(std::string& text) { plain(text); }
  void operator()(std::vector<double>& values) { plain(values); }
  void operator()(std::vector<std::size_t>& values) { plain(values); }
  void operator()(NamedTexts& texts) {
    each(texts, 2 * sizeof(std::uint64_t), [this](auto& text) { (*this)(text.first), (*this)(text.second); });
  }
  void operator()(NamedArrays& arrays) {
    each(arrays, 3 * sizeof(std::uint64_t), [this](NamedArray& array) {
      (*this)(array.name), (*this)(array.shape), (*this)(array.values), (*this)(array.integral);
    });
  }
  void operator()(Repairs& repairs) { (*this)(repairs.reseeded), (*this)(repairs.dropped), (*this)(repairs.collapsed); }
  void operator()(FitState& state) {
    (*this)(state.n_iterations), (*this)(state.history), (*this)(state.falls), (*this)(state.repairs);
    (*this)(state.moved_before), (*this)(state.before), (*this)(state.n_passes), (*this)(state.undone);
    (*this)(state.acceleration), (*this)(state.remaining);
  }
  void operator()(Acceleration& acceleration) {
    auto phase = static_cast<std::uint8_t>(acceleration.phase);
    (*this)(phase), (*this)(acceleration.em_steps), (*this)(acceleration.fallback), (*this)(acceleration.length);
    (*this)(acceleration.longest), (*this)(acceleration.slowest), (*this)(acceleration.cycles_to_go),
        (*this)(acceleration.cycles_to_wait);
    (*this)(acceleration.milestones), (*this)(acceleration.rejected);
    acceleration.phase = static_cast<Acceleration::Phase>(std::min<std::uint8_t>(phase, 3));  // 3: require_sense
  }
  void operator()(StartRecord& record) {
    (*this)(record.on_sample), (*this)(record.objective), (*this)(record.total_weight), (*this)(record.passes);
    (*this)(record.n_degenerate), (*this)(record.least_weight), (*this)(record.least_spread);
  }
  void operator()(StartProgress& starts) {
    const auto transfer = [this](auto& element) { (*this)(element); };
    each(starts.records, 5 * sizeof(double), transfer);
    each(starts.found, sizeof(std::uint64_t), transfer);
    (*this)(starts.current), (*this)(starts.kept), (*this)(starts.parameters), (*this)(starts.state);
  }
  void operator()(ScanLine& line) {
    (*this)(line.kind);
    ScanLine::visit_numbers(line, true, [this](const char*, auto& value) { (*this)(value); });
    (*this)(line.silhouette), (*this)(line.calinski_harabasz), (*this)(line.below_chord);
    (*this)(line.failure);
  }
  void operator()(KeptFit& fit) { (*this)(fit.line), (*this)(fit.starts); }
  void operator()(ScanProgress& scan) {
    const auto transfer = [this](auto& element) { (*this)(element); };
    each(scan.lines, 16 * sizeof(double), transfer);
    each(scan.kept, 16 * sizeof(double), transfer);
    (*this)(scan.last);
  }
  void operator()(Checkpoint& checkpoint) {
    (*this)(checkpoint.identity), (*this)(checkpoint.state), (*this)(checkpoint.parameters), (*this)(checkpoint.starts);
    (*this)(checkpoint.scan);
    (*this)(checkpoint.finished), (*this)(checkpoint.stop_reason), (*this)(checkpoint.outputs);
    (*this)(checkpoint.earlier_outputs), (*this)(checkpoint.inputs);
  }

 private:
  template <class Container>
  void resize(Container& container, std::size_t least_bytes_each) {
    std::uint64_t n = container.size();
    archive_& n;
    if constexpr (Archive::is_loading::value) {
      if (n > limit_ / least_bytes_each) throw std::length_error("a count beyond the end");
      container.resize(n);
    }
  }
  template <class Container>
  void plain(Container& container) {
    resize(container, sizeof(container[0]));
    const std::size_t bytes = container.size() * sizeof(container[0]);
    if constexpr (Archive::is_loading::value)
      archive_.load_binary(container.data(), bytes);
    else
      archive_.save_binary(container.data(), bytes);
  }
  template <class Container, class F>
  void each(Container& container, std::size_t least_bytes_each, const F& transfer) {
    resize(container, least_bytes_each);
    for (auto& element : container) transfer(element);
  }

  Archive& archive_;
  std::size_t limit_;
};

void sense(bool good) {
  if (!good) throw std::invalid_argument("impossible values");
}

void require_sense(const Acceleration& acceleration, std::int64_t n_iterations) {
  sense(acceleration.phase <= Acceleration::Phase::settling);
  sense(acceleration.em_steps >= 0 && acceleration.em_steps <= n_iterations);
  sense(acceleration.cycles_to_go >= 0 && acceleration.cycles_to_wait >= 0 && acceleration.rejected >= 0);
  sense(acceleration.milestones.size() <= Acceleration::n_milestones);
  sense(std::isfinite(acceleration.length) && acceleration.length >= 1);
  sense(std::isfinite(acceleration.slowest) && acceleration.slowest >= 1);
  sense(std::isfinite(acceleration.longest) && acceleration.longest >= 1);
  sense(!acceleration.on_trial() || n_iterations > 1);  // there is an objective that it must reach
}

void require_sense(const FitState& state) {
  sense(state.n_iterations >= 0 && state.history.size() == static_cast<std::size_t>(state.n_iterations));
  sense(state.falls >= 0 && state.repairs.moved() >= state.moved_before && state.moved_before >= 0);
  sense(state.n_passes >= state.n_iterations);
  require_sense(state.acceleration, state.n_iterations);
}

void require_sense(const NamedArrays& arrays) {
  for (const NamedArray& array : arrays) {
    std::size_t size = 1;
    for (const std::size_t n : array.shape) {
      sense(n == 0 || size <= array.values.size() / n);
      size *= n;
    }
    sense(size == array.values.size() && !array.shape.empty());
  }
}

void require_sense(const StartProgress& starts) {
  require_sense(starts.state);
  for (const NamedArrays* arrays : {&starts.parameters, &starts.state.before, &starts.state.acceleration.fallback})
    require_sense(*arrays);
  for (const NamedArrays& found : starts.found) require_sense(found);
  const auto n = static_cast<std::int64_t>(starts.records.size());
  sense(starts.found.size() <= starts.records.size() && starts.kept >= -1 && starts.kept < n);
  sense(starts.current >= -1 && starts.current <= n);
  for (const std::int64_t fit : {starts.kept, starts.current}) sense(fit < 0 || fit >= std::ssize(starts.found));
  sense(starts.kept < 0 || !starts.parameters.empty());
}

void require_sense(const ScanProgress& scan) {
  require_sense(scan.last);
  for (const KeptFit& fit : scan.kept) {
    sense(fit.line >= 0 && fit.line < static_cast<std::int64_t>(scan.lines.size()) && fit.starts.kept >= 0);
    require_sense(fit.starts);
  }
  sense(scan.last.empty() || !scan.lines.empty());
  sense(!scan.kept.empty() || std::ranges::all_of(scan.lines, &ScanLine::failed));
  for (const ScanLine& line : scan.lines) sense(line.n_clusters >= 1);
}

/// What a fit could not have left, whatever the checksum says.
void require_sense(const Checkpoint& checkpoint) {
  require_sense(checkpoint.state);
  require_sense(checkpoint.starts);
  require_sense(checkpoint.scan);
  for (const NamedArrays* arrays :
       {&checkpoint.parameters, &checkpoint.state.before, &checkpoint.state.acceleration.fallback})
    require_sense(*arrays);
  sense(!checkpoint.parameters.empty() || !(checkpoint.finished || checkpoint.starts.current >= 0));
  sense(!checkpoint.finished || checkpoint.starts.kept >= 0);
}

}  // namespace

std::string to_bytes(const Checkpoint& checkpoint) {
  Checkpoint copy = checkpoint;
  std::ostringstream stream(std::ios::binary);
  {
    boost::archive::binary_oarchive archive(stream, boost::archive::no_header);
    Transfer(archive, std::numeric_limits<std::size_t>::max())(copy);
  }
  return seal(stream.view());
}

Checkpoint checkpoint_from(std::string_view bytes, const std::string& name) {
  const std::string_view payload = unseal(bytes, name);
  Checkpoint checkpoint;
  try {
    std::istringstream stream(std::string(payload), std::ios::binary);
    // A header of the archive's own would begin with a text of any length that the file says.
    boost::archive::binary_iarchive archive(stream, boost::archive::no_header);
    Transfer(archive, payload.size())(checkpoint);
    require_sense(checkpoint);
  } catch (const std::exception& error) {  // an archive's own, or of the containers
    throw Error(ExitCode::bad_data, fmt::format("{}: the checkpoint cannot be read ({})", name, error.what()));
  }
  return checkpoint;
}

}  // namespace shoal
