// Attributes that say what stored values mean: scale_factor, add_offset, and what is missing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

#include "io/describe.hpp"
#include "io/numbers.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// An attribute's numbers, and whether they are of another type than the data.
struct Numbers {
  std::vector<long double> values;
  bool other_type = false;
};

/// Reads the attributes of one data set.
class PackingReader {
 public:
  PackingReader(hid_t dataset, DatasetInfo& info) : dataset_(dataset), info_(info) {}

  Packing read() {
    Packing packing;
    packing.scale = factor("scale_factor", 1);
    packing.offset = factor("add_offset", 0);
    if (packing.scale == 0) fail("scale_factor", "is 0");
    for (const char* name : {"_FillValue", "missing_value"}) {
      if (is_text(name))
        info_.warnings.push_back(fmt::format("{} is a text: it marks no entry as missing", name));
      else
        read_missing(name, packing);
    }
    read_limits(packing);
    if (!applied_.empty())
      info_.notes.push_back(fmt::format("{} applied (raw numbers: --no-attributes)", fmt::join(applied_, ", ")));
    return packing;
  }

 private:
  [[noreturn]] void fail(const char* name, const std::string& why) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: its attribute {} {}; correct it, or read raw numbers by --no-attributes", info_.name(),
                            name, why));
  }

  [[nodiscard]] bool is_text(const char* name) const {
    if (H5Aexists(dataset_, name) <= 0) return false;
    const Hdf5Handle attribute(H5Aopen(dataset_, name, H5P_DEFAULT), H5Aclose);
    const Hdf5Handle type(H5Aget_type(attribute), H5Tclose);
    return H5Tget_class(type) == H5T_STRING;
  }

  [[nodiscard]] std::optional<Numbers> find(const char* name) const {
    if (H5Aexists(dataset_, name) <= 0) return std::nullopt;
    const Hdf5Handle attribute(H5Aopen(dataset_, name, H5P_DEFAULT), H5Aclose);
    const Hdf5Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(name, "holds no number");
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    if (n < 0 || n > 65536) fail(name, "holds too many numbers");
    Numbers numbers{std::vector<long double>(static_cast<std::size_t>(n)), false};
    if (n > 0 && H5Aread(attribute, H5T_NATIVE_LDOUBLE, numbers.values.data()) < 0) fail(name, "cannot be read");
    const Hdf5Handle stored(H5Dget_type(dataset_), H5Tclose);
    numbers.other_type = kind != H5Tget_class(stored) || H5Tget_size(type) != H5Tget_size(stored) ||
                         (kind == H5T_INTEGER && H5Tget_sign(type) != H5Tget_sign(stored));
    return numbers;
  }

  double factor(const char* name, double standard) {
    const auto numbers = find(name);
    if (!numbers) return standard;
    if (numbers->values.size() != 1) fail(name, "is not one number");
    const auto value = static_cast<double>(numbers->values.front());
    if (!std::isfinite(value)) fail(name, fmt::format("is {}", value));
    note(name, numbers->values);
    return value;
  }

  void read_missing(const char* name, Packing& packing) {
    const auto numbers = find(name);
    if (!numbers) return;
    for (const long double value : numbers->values) {
      if (std::isnan(value) && info_.storage.number.is_float) continue;  // as it is anyway
      const auto stored = as_stored(info_.storage.number, value);
      if (stored) packing.missing.push_back(*stored);
      if (!stored)
        info_.warnings.push_back(fmt::format("{} {} does not fit {}: it marks no entry as missing", name,
                                             static_cast<double>(value), info_.storage.number.name));
      else if (numbers->other_type)
        info_.warnings.push_back(fmt::format("{} {} is of another type than the values: compared as the {} {}", name,
                                             static_cast<double>(value), info_.storage.number.name,
                                             static_cast<double>(*stored)));
    }
    std::vector<long double> told = numbers->values;
    std::erase_if(told, [&](long double value) { return !as_stored(info_.storage.number, value); });
    if (!told.empty()) note(name, told);
  }

  void read_limits(Packing& packing) {
    const auto limit = [&](const char* name, std::size_t n) -> std::vector<long double> {
      const auto numbers = find(name);
      if (!numbers) return {};
      if (numbers->values.size() != n) fail(name, fmt::format("holds {} numbers, not {}", numbers->values.size(), n));
      note(name, numbers->values);
      return numbers->values;
    };
    const auto range = limit("valid_range", 2);
    const auto least = limit("valid_min", 1), greatest = limit("valid_max", 1);
    const auto set = [&](long double& place, const std::vector<long double>& values, std::size_t i) {
      if (i < values.size() && !std::isnan(values[i]))
        place =
            info_.storage.number.is_float ? as_stored(info_.storage.number, values[i]).value_or(values[i]) : values[i];
    };
    set(packing.least, range, 0);
    set(packing.greatest, range, 1);
    set(packing.least, least, 0);
    set(packing.greatest, greatest, 0);
    if (packing.least > packing.greatest) fail(range.empty() ? "valid_min" : "valid_range", "leaves no value valid");
  }

  void note(const char* name, const std::vector<long double>& values) {
    std::vector<double> shown(values.begin(), values.end());
    applied_.push_back(fmt::format("{} {}", name, fmt::join(shown, " to ")));
  }

  hid_t dataset_;
  DatasetInfo& info_;
  std::vector<std::string> applied_;
};

}  // namespace

std::optional<long double> as_stored(const StoredNumber& number, long double value) {
  const long double stored = rounded_to(number, value);
  if (number.is_float) return std::isfinite(stored) || std::isinf(value) ? std::optional(stored) : std::nullopt;
  const auto bits = static_cast<int>(number.precision);
  const long double least = number.is_signed ? -std::ldexp(1.0L, bits - 1) : 0;
  const long double end = std::ldexp(1.0L, number.is_signed ? bits - 1 : bits);
  return stored >= least && stored < end && stored == value ? std::optional(stored) : std::nullopt;
}

Packing read_packing(hid_t dataset, DatasetInfo& info) { return PackingReader(dataset, info).read(); }

}  // namespace shoal
