/// An array of a model's parameters: what it may hold, and how it moves.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shoal {

/// Which numbers a parameter may be, beside finite.
enum class Domain { numbers, probabilities, not_negative };

/// How a parameter changes with the units of the features: not, as a place does, as its square, as products of two
/// features do (matrices), or as the mean of all squares.
enum class Units { none, places, squares, products, mean_square };

/// Coordinates in which any number is possible, or nearly, so that a line through parameters leads to parameters: the
/// values themselves; logarithms; logarithms of what sums to one; probabilities as they are, kept between 1e-10 and 1
/// (those of a feature's levels, from one of `level_offsets` to the next, sum to one); or the Cholesky factors of
/// matrices, of their diagonals the logarithms.
enum class Chart { values, logarithms, weights, probabilities, level_probabilities, log_cholesky };

/// An array of /parameters. The first one of a model says where its clusters lie.
struct Parameter {
  std::string name;
  std::vector<std::size_t> shape;
  Domain domain = Domain::numbers;
  Units units = Units::none;
  Chart chart = Chart::values;
};

}  // namespace shoal
