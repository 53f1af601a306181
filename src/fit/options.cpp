#include "shoal/fit/options.hpp"

#include <fmt/format.h>

#include <limits>

#include "shoal/model/family.hpp"

namespace shoal {
namespace {

Option<FitOptions> tolerance_option() {
  const std::string hard = family_names([](const Family& family) { return !family.mixture; });
  constexpr double most = std::numeric_limits<double>::max();
  const auto set = [](FitOptions& options, const std::string& text) {
    const std::optional<double> value = parse_number<double>(text, 0, most);
    if (value) options.tolerance = value;
    return value.has_value();
  };
  const auto get = [](const FitOptions& options) -> OptionValue {
    if (!options.tolerance) return {};
    return *options.tolerance;
  };
  return {"tolerance",
          "T",
          fmt::format("Mixtures: stop when the log-likelihood per row (per unit of weight) is estimated to gain less "
                      "than T by going on; {0}: when the objective changes by less than this share; 0: run to the "
                      "fixed point or the limit [{1}; {0}: {2}]",
                      hard, tolerance_of_mixtures, tolerance_of_hard_models),
          range_text(0.0, most),
          set,
          get,
          MayBecome::less};
}

Option<FitOptions> accelerate_option() {
  return choice_option<FitOptions, Accelerate>(
      "accelerate",
      "Mixtures: extrapolate the steps of EM (SQUAREM), never to a smaller likelihood; auto: squarem, but off with "
      "--init FILE or --tolerance 0",
      [](auto& options) -> auto& { return options.accelerate; });
}

}  // namespace

std::vector<Option<FitOptions>> fit_options(bool mixture) {
  Option<FitOptions> limit = number_option<FitOptions, std::int64_t>(
      "max-iterations", "I", "At most this many M-steps on all rows",
      [](auto& options) -> auto& { return options.max_iterations; }, 0, std::int64_t{1} << 40U);
  limit.may_become = MayBecome::more;
  if (!mixture) return {limit, tolerance_option()};
  return {limit, tolerance_option(), accelerate_option()};
}

}  // namespace shoal
