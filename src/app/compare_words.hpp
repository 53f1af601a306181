/// What the agreement of two labellings means, for a person.
#pragma once

#include <cstddef>
#include <string>

#include "shoal/fit/compare.hpp"

namespace shoal::app {

/// Two labellings by their names, and how many rows carry each pair of labels.
struct Comparison {
  std::string a, b;
  const Contingency& table;
  Agreement found;
};

/// The verdict, both numbers and what they mean, and where the clusters of one are in the other, within `width`
/// columns.
std::string compare_words(const Comparison& comparison, std::size_t width);

}  // namespace shoal::app
