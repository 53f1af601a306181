/// Which instruction set the kernels use. All ranks of a run must use the same one: bits are promised per instruction
/// set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal {

/// One bit for each instruction set that this binary holds and this processor has; lower bits are better sets. What
/// use_best_target chose does not change it.
std::uint64_t supported_targets();

/// From now on kernels use the best set of `allowed` that this processor has; throws Error(usage) where it has none.
/// May be called again with another choice. Not thread-safe: call at start.
void use_best_target(std::uint64_t allowed);

/// `name` as printed by target_name, any case; AVX-512 is AVX3. Throws Error(usage) naming the choices where this
/// binary has none such.
std::uint64_t target_by_name(const std::string& name);

/// The set in use (before any choice: the best), for example "AVX2".
std::string target_name();

/// What people call the set of this name: "AVX-512" for "AVX3", "AVX-512 ZEN4" for "AVX3_ZEN4"; others as they are.
std::string spoken_target(std::string name);

/// Names of the sets in `targets`, best first.
std::vector<std::string> target_names(std::uint64_t targets);

}  // namespace shoal
