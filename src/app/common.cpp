#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "app/commands.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {

int thread_count(const Arguments& arguments) {
  if (arguments.threads > 0) return arguments.threads;
  const char* text = std::getenv("OMP_NUM_THREADS");  // NOLINT: read once, before any thread
  int threads = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), threads);
  return threads > 0 ? threads : 1;
}

void agree_on_target(const Communicator& comm, const Arguments& arguments) {
  const std::uint64_t everywhere = comm.bitwise_and(supported_targets());
  if (arguments.target.empty()) return use_best_target(everywhere);
  const std::uint64_t target = target_by_name(arguments.target);
  if ((everywhere & target) == 0)
    throw Error(ExitCode::usage, fmt::format("--target {}: not every rank's processor has it; all have {}",
                                             arguments.target, fmt::join(target_names(everywhere), ", ")));
  use_best_target(target);
}

bool use_float32(Precision asked, ModelKind kind, const std::vector<DatasetInfo>& datasets) {
  if (asked != Precision::automatic || is_discrete(kind)) return asked == Precision::float32;
  for (const DatasetInfo& info : datasets)
    if (info.type != ElementType::float32) return false;
  return true;
}

void check_missing(ModelKind kind, Covariance covariance, Missing missing) {
  if (missing != Missing::marginalize || is_discrete(kind)) return;
  if (kind == ModelKind::gaussian && (covariance == Covariance::diag || covariance == Covariance::spherical)) return;
  const std::string what =
      kind == ModelKind::gaussian ? "gaussian with --covariance " + to_string(covariance) : to_string(kind);
  throw Error(ExitCode::usage,
              fmt::format("--missing marginalize: {} cannot integrate missing values out (bernoulli, categorical and "
                          "gaussian diag or spherical can); use --missing skip",
                          what));
}

void require_different_files(const Communicator& comm, const std::vector<std::string>& outputs,
                             const std::vector<std::string>& inputs) {
  on_root(comm, [&] {
    std::set<std::filesystem::path> taken;
    std::error_code ignored;
    for (const std::string& name : inputs)
      taken.insert(std::filesystem::weakly_canonical(parse_dataset_name(name).file, ignored));
    for (const std::string& name : outputs)
      if (!name.empty() && !taken.insert(std::filesystem::weakly_canonical(name, ignored)).second)
        throw Error(ExitCode::usage,
                    fmt::format("{}: named twice, as an output and as another file; choose another name", name));
  });
}

std::int64_t total_rows(const std::vector<DatasetInfo>& datasets) {
  std::int64_t rows = 0;
  for (const DatasetInfo& info : datasets) rows += info.n_rows;
  return rows;
}

}  // namespace shoal::app
