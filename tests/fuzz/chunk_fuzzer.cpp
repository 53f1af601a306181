// libFuzzer on what undoes the filters of a chunk and decodes its numbers: any filters, parameters, masks, types,
// bytes.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/filters.hpp"
#include "io/numbers.hpp"
#include "shoal/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal;
  FuzzedDataProvider in(data, size);
  StoredNumber number;
  number.is_float = in.ConsumeBool();
  number.is_signed = in.ConsumeBool();
  number.big_endian = in.ConsumeBool();
  number.size = number.is_float ? 2U << in.ConsumeIntegralInRange(0U, 2U) : in.ConsumeIntegralInRange(1U, 8U);
  number.precision = number.is_float ? 8 * number.size : in.ConsumeIntegralInRange(1U, 8 * number.size);
  number.bit_offset = in.ConsumeIntegralInRange(0U, 8 * number.size - number.precision);
  std::vector<Filter> filters;
  for (int n = in.ConsumeIntegralInRange(0, 3); n > 0; --n) {
    const int id = in.ConsumeBool() ? in.ConsumeIntegralInRange(1, 6) : 32000;
    Filter filter{id, "", {}};
    for (int v = in.ConsumeIntegralInRange(0, 20); v > 0; --v)
      filter.values.push_back(in.ConsumeBool() ? in.ConsumeIntegralInRange(0U, 64U)
                                               : in.ConsumeIntegral<std::uint32_t>());
    if (can_undo(filter, number)) filters.push_back(filter);
  }
  const std::size_t n = in.ConsumeIntegralInRange<std::size_t>(1, 3000);
  const auto mask = in.ConsumeIntegral<std::uint8_t>();
  FilterBuffers buffers;
  buffers.from = in.ConsumeRemainingBytes<std::byte>();
  const ElementType element = number.is_float    ? (number.size == 8 ? ElementType::float64 : ElementType::float32)
                              : number.size == 1 ? ElementType::boolean
                              : number.size == 2 ? ElementType::int16
                              : number.size <= 4 ? ElementType::uint32
                                                 : ElementType::int64;
  std::vector<std::byte> out(n * size_of(element));
  try {
    const auto chunk = undo_filters(filters, mask, number, n * number.size, buffers);
    if (chunk.size() != n * number.size) __builtin_trap();
    decode_numbers(number, element, chunk.data(), n, out.data());
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) __builtin_trap();
  }
  return 0;
}
