#include "io/number_type.hpp"

#include <fmt/format.h>

#include <array>

namespace shoal {
namespace {

/// The least type of integers with so many bytes or more.
ElementType integer_element(std::size_t bytes, bool is_signed) {
  if (bytes == 1) return is_signed ? ElementType::int8 : ElementType::uint8;
  if (bytes == 2) return is_signed ? ElementType::int16 : ElementType::uint16;
  if (bytes <= 4) return is_signed ? ElementType::int32 : ElementType::uint32;
  return is_signed ? ElementType::int64 : ElementType::uint64;
}

std::optional<NumberType> integer_type(hid_t type, bool is_signed) {
  const std::size_t size = H5Tget_size(type);
  const H5T_order_t order = H5Tget_order(type);
  const std::size_t precision = H5Tget_precision(type);
  const int offset = H5Tget_offset(type);
  if (size < 1 || size > 8 || precision < 1 || offset < 0 || precision + static_cast<std::size_t>(offset) > 8 * size)
    return std::nullopt;
  if (order != H5T_ORDER_LE && order != H5T_ORDER_BE && order != H5T_ORDER_NONE) return std::nullopt;
  NumberType result;
  result.stored = {false,
                   is_signed,
                   order == H5T_ORDER_BE,
                   static_cast<std::uint32_t>(size),
                   static_cast<std::uint32_t>(offset),
                   static_cast<std::uint32_t>(precision),
                   fmt::format("{}int{}", is_signed ? "" : "u", 8 * size)};
  result.element = integer_element(size, is_signed);
  return result;
}

/// Where sign, exponent and mantissa lie.
struct FloatFields {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0, bias = 0;
};

bool is_ieee(hid_t type, const FloatFields& f) {
  const std::size_t size = H5Tget_size(type);
  const std::size_t exponent_bits = size == 2 ? 5 : size == 4 ? 8 : 11;
  if (size != 2 && size != 4 && size != 8) return false;
  return f.sign == 8 * size - 1 && f.exponent_bits == exponent_bits && f.mantissa == 0 &&
         f.mantissa_bits == 8 * size - 1 - exponent_bits && f.exponent == f.mantissa_bits &&
         f.bias == (std::size_t{1} << (exponent_bits - 1)) - 1 && H5Tget_norm(type) == H5T_NORM_IMPLIED;
}

std::optional<NumberType> float_type(hid_t type) {
  FloatFields f;
  if (H5Tget_fields(type, &f.sign, &f.exponent, &f.exponent_bits, &f.mantissa, &f.mantissa_bits) < 0)
    return std::nullopt;
  f.bias = H5Tget_ebias(type);
  const std::size_t size = H5Tget_size(type);
  const H5T_order_t order = H5Tget_order(type);
  if (f.exponent_bits > 11 || f.mantissa_bits > 52) return std::nullopt;  // float64 would round them
  NumberType result;
  result.plain = is_ieee(type, f) && (order == H5T_ORDER_LE || order == H5T_ORDER_BE);
  const auto bias = static_cast<std::int64_t>(f.bias);
  const std::int64_t greatest = (std::int64_t{1} << f.exponent_bits) - 2 - bias, least = 1 - bias;
  if (!result.plain && (greatest > 1023 || least < -1022))
    return std::nullopt;  // beyond float64, whose limits these are
  result.element = result.plain && size <= 4 ? ElementType::float32 : ElementType::float64;
  result.stored = {true,
                   true,
                   order == H5T_ORDER_BE,
                   static_cast<std::uint32_t>(size),
                   0,
                   static_cast<std::uint32_t>(8 * size),
                   fmt::format("float{}", 8 * size)};
  return result;
}

/// h5py's booleans: FALSE = 0 and TRUE = 1 in a byte.
bool is_boolean(hid_t type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  const std::array<const char*, 2> names = {"FALSE", "TRUE"};
  for (unsigned i = 0; i < 2; ++i) {
    unsigned char value = 2;
    if (H5Tenum_valueof(type, names[i], &value) < 0 || value != i) return false;
  }
  return true;
}

std::optional<NumberType> enumeration(hid_t type) {
  const Hdf5Handle base(H5Tget_super(type), H5Tclose);
  auto result = integer_type(base, H5Tget_sign(base) == H5T_SGN_2);
  if (result && is_boolean(type)) {
    result->element = ElementType::boolean;
    result->stored.name = "boolean";
  }
  return result;
}

}  // namespace

std::optional<NumberType> number_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return float_type(type);
    case H5T_INTEGER:
      return integer_type(type, H5Tget_sign(type) == H5T_SGN_2);
    case H5T_BITFIELD:  // PyTables' booleans
      return integer_type(type, false);
    case H5T_ENUM:
      return enumeration(type);
    default:
      return std::nullopt;
  }
}

}  // namespace shoal
