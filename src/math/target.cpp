#include "shoal/math/target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

constexpr auto compiled = static_cast<std::uint64_t>(HWY_TARGETS);

}  // namespace

std::uint64_t supported_targets() {
  static const std::uint64_t found =
      static_cast<std::uint64_t>(hwy::SupportedTargets()) & compiled;  // before any choice
  return found;
}

void use_best_target(std::uint64_t allowed) {
  const std::uint64_t usable = supported_targets() & allowed;
  if (usable == 0)
    throw Error(ExitCode::usage, "the instruction set asked for is not one that every rank's processor has");
  const std::uint64_t best = usable & (~usable + 1);
  hwy::SetSupportedTargetsForTest(static_cast<std::int64_t>(best));
  hwy::GetChosenTarget().Update(static_cast<std::int64_t>(best));
}

std::vector<std::string> target_names(std::uint64_t targets) {
  std::vector<std::string> names;
  for (std::uint64_t bits = targets & compiled; bits != 0; bits &= bits - 1)
    names.emplace_back(hwy::TargetName(static_cast<std::int64_t>(bits & (~bits + 1))));
  return names;
}

std::uint64_t target_by_name(const std::string& name) {
  for (std::uint64_t bits = compiled; bits != 0; bits &= bits - 1) {
    const std::uint64_t target = bits & (~bits + 1);
    const std::string own = hwy::TargetName(static_cast<std::int64_t>(target));
    if (lower(own) == lower(name) || lower(spoken_target(own)) == lower(name)) return target;
  }
  throw Error(ExitCode::usage, fmt::format("--target {}: no such instruction set; this binary has {}", name,
                                           fmt::join(target_names(compiled), ", ")));
}

std::string spoken_target(std::string name) {
  constexpr std::string_view highway = "AVX3";
  if (!name.starts_with(highway)) return name;
  name.replace(0, highway.size(), "AVX-512");
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string target_name() {
  return target_names(supported_targets() & static_cast<std::uint64_t>(hwy::SupportedTargets())).front();
}

}  // namespace shoal
