// ln x! against exact products and against itself across the table's end.
#include "model/poisson/log_factorial.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

TEST(LogFactorial, IsTheLogarithmOfTheProduct) {
  long double product = 1;
  for (int x = 0; x <= 25; ++x) {
    if (x > 0) product *= x;
    EXPECT_NEAR(log_factorial(x), static_cast<double>(std::log(product)),
                1e-14 * std::log(static_cast<double>(product)) + 1e-300);
  }
}

TEST(LogFactorial, RisesByTheLogarithmAlsoAcrossTheTablesEnd) {
  for (const double x : {256.0, 1022.0, 1023.0, 1024.0, 1025.0, 4000.0, 1e6, 1e12}) {
    const double rise = log_factorial(x) - log_factorial(x - 1);
    EXPECT_NEAR(rise, std::log(x), 4e-16 * log_factorial(x)) << x;
  }
  for (const double x : {300.0, 1000.0})
    EXPECT_NEAR(large_log_factorial(x), log_factorial(x), 2e-15 * log_factorial(x));
}

}  // namespace
}  // namespace shoal
