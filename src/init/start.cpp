#include "shoal/init/start.hpp"

#include <limits>

namespace shoal {

std::vector<Option<StartOptions>> start_options() {
  const auto set = [](StartOptions& options, const std::string& text) {
    const std::optional<Seeding> word = from_name<Seeding>(text);
    options.seeding = word.value_or(Seeding::kmeans_parallel);
    options.file = {word ? "" : text, ""};
    return true;
  };
  const auto get = [](const StartOptions& options) -> OptionValue {
    return options.file.name.empty() ? to_string(options.seeding) : options.file.resolved();
  };
  return {{"init", all_names<Seeding>() + "|FILE",
           "Where the fit starts: kmeans-parallel, random, or a file: a model, or any HDF5 file with some of the "
           "/parameters arrays, or with /labels or /responsibilities; what is missing is computed",
           "", set, get},
          number_option<StartOptions, std::uint64_t>(
              "seed", "S", "Every random draw is a function of the seed and the global row",
              [](auto& options) -> auto& { return options.seed; }, 0, std::numeric_limits<std::uint64_t>::max())};
}

}  // namespace shoal
