/// Numbers in as many digits as a person compares, which line up.
#pragma once

#include <span>
#include <string>

namespace shoal::app {

/// How numbers of one kind are written: all with as many decimals, or all with a power of ten.
struct NumberStyle {
  int decimals = 0;
  bool power = false;
};

/// Four digits of the largest value; more where the values, or the deviations around them, would not be told apart;
/// none behind the point of whole numbers alone. Deviations may be none.
NumberStyle style_of(std::span<const double> values, std::span<const double> deviations = {});

/// One that would seem zero has a digit of its own, down to a thousandth of the last place.
std::string number_text(double value, const NumberStyle& style);

/// The same; one that is not zero never seems so.
std::string deviation_text(double deviation, const NumberStyle& style);

/// Three decimals; what is not 0 or 1 does not seem so: "<0.001", ">0.999".
std::string probability_text(double value);

/// Rows, which weights or responsibilities may have cut in pieces; `whole`: none of them is.
std::string size_text(double rows, bool whole);

/// Whether all are whole numbers.
bool all_whole(std::span<const double> values);

/// An objective or log-likelihood, of which the differences between models count.
std::string criterion_text(double value);

}  // namespace shoal::app
