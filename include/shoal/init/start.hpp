/// Where a fit starts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shoal/core/enum_names.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/core/option.hpp"
#include "shoal/data/scaling.hpp"
#include "shoal/model/options.hpp"

namespace shoal {

enum class Seeding { kmeans_parallel, random };
template <>
inline constexpr auto names_of<Seeding> = names("kmeans-parallel", "random");

struct StartOptions {
  Seeding seeding = Seeding::kmeans_parallel;
  ContentName file;      ///< start from its arrays instead; empty: from seeds
  NamedArrays arrays;    ///< of the file, once it is read: those that the model can use
  Scaling scaling;       ///< of the file: the arrays' units; empty: the data's
  std::string note;      ///< what was made of them
  bool of_rows = false;  ///< the file has none, and says what each row belongs to
  bool has_responsibilities = false;
  std::vector<std::int32_t> labels;      ///< then of this rank's rows, once they are read
  std::vector<double> responsibilities;  ///< of mixtures, n x K; empty: it has labels
  std::uint64_t seed = 0;                ///< of every random draw
};

std::vector<Option<StartOptions>> start_options();

}  // namespace shoal
