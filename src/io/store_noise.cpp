#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "io/covariance_check.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/noise_reader.hpp"

namespace shoal {
namespace {

/// Where a person finds a row's noise.
Error noise_error(const Slice& slice, std::int64_t row, const std::string& what) {
  return {ExitCode::bad_data, fmt::format("--noise {}: row {}: {}", slice.dataset.name(), slice.file_row(row), what),
          slice.first_row + row};
}

/// A number as it is held; one that float32 would make infinite, or nothing, is refused.
template <class Row>
bool holds(double value, Row& held) {
  held = static_cast<Row>(value);
  if (sizeof(Row) == sizeof(double)) return true;
  return std::isfinite(held) && (value == 0 || std::abs(held) >= std::numeric_limits<Row>::min());
}

template <class Row>
class RowNoise {
 public:
  RowNoise(const Slice& slice, const NoiseSource& source, Missing missing, Shard<Row>& shard)
      : slice_(slice),
        missing_(missing),
        shard_(shard),
        width_(source.layout.width(shard.n_features)),
        reader_(source.kind, source.n_stored, source.columns, is_float32(slice.dataset)) {}

  template <class T>
  void store(const T* stored, std::int64_t row) {
    const auto local = static_cast<std::size_t>(slice_.first_row + row - shard_.rows().first);
    Row* const noise = shard_.noise.data() + local * width_;
    std::fill_n(noise, width_, Row(0));
    if (!shard_.used.empty() && shard_.used[local] == 0) return;
    Row* const values = shard_.values.data() + local * shard_.n_features;
    absent_.assign(shard_.n_features, false);
    for (std::size_t j = 0; j < absent_.size(); ++j) absent_[j] = std::isnan(values[j]);
    if (const std::string wrong = reader_.read(stored, absent_); !wrong.empty()) throw noise_error(slice_, row, wrong);
    bool unknown = false;
    for (std::size_t j = 0; j < absent_.size(); ++j) {
      if (!std::isinf(reader_.variance(j))) continue;
      if (missing_ == Missing::error)
        throw noise_error(slice_, row,
                          fmt::format("the variance of feature {} is infinite, so its entry is missing; "
                                      "use --missing marginalize, or skip to leave such rows out",
                                      j));
      unknown = absent_[j] = true;
      values[j] = std::numeric_limits<Row>::quiet_NaN();
    }
    if (unknown && missing_ == Missing::skip) {
      shard_.used[local] = 0;
      std::fill_n(values, shard_.n_features, Row(0));
      return;
    }
    if (unknown) reader_.read(stored, absent_);
    for (std::size_t i = 0; i < width_; ++i)
      if (!holds(reader_.values()[i], noise[i]))
        throw noise_error(slice_, row,
                          fmt::format("{} does not fit float32; use --precision float64", reader_.values()[i]));
  }

 private:
  const Slice& slice_;
  Missing missing_;
  Shard<Row>& shard_;
  std::size_t width_;
  CovarianceReader reader_;
  std::vector<bool> absent_;
};

}  // namespace

template <class Row>
void store_noise(const Slice& slice, const NoiseSource& source, Missing missing, Shard<Row>& shard) {
  RowNoise<Row> rows(slice, source, missing, shard);
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) rows.store(elements + r * slice.dataset.n_columns, r);
  });
  const std::size_t bytes = source.layout.width(shard.n_features) * sizeof(Row);
  const auto* const first = reinterpret_cast<const std::byte*>(shard.noise.data()) +
                            static_cast<std::size_t>(slice.first_row - shard.rows().first) * bytes;
  PlacedDigest mine;
  mine.add({first, static_cast<std::size_t>(slice.n_rows) * bytes},
           static_cast<std::uint64_t>(slice.first_row) * bytes);
  std::atomic_ref(shard.noise_digest.words) += mine.words;
  std::atomic_ref(shard.noise_digest.products) += mine.products;
}

template void store_noise(const Slice&, const NoiseSource&, Missing, Shard<float>&);
template void store_noise(const Slice&, const NoiseSource&, Missing, Shard<double>&);

}  // namespace shoal
