#include "app/fit_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <limits>
#include <set>
#include <sstream>

#include "app/commands.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/output_path.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {
namespace {

constexpr const char* instruction_set = "instruction set";
constexpr const char* program = "shoal";

const std::string* value_of(const NamedTexts& texts, const std::string& name) {
  for (const auto& [key, value] : texts)
    if (key == name) return &value;
  return nullptr;
}

double number(const std::string& text) {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Whether an option may go from one value to another: only where the fit goes on longer.
bool may_become(const std::string& option, const std::string& before, const std::string& now) {
  if (option == "max-iterations") return number(now) >= number(before);
  if (option == "tolerance") return number(now) <= number(before);
  return before == now;
}

/// What may change from one life of a fit to the next: the limits, and the type that turned out to hold the rows.
bool may_change(const std::string& option) {
  return option == "max-iterations" || option == "tolerance" || option == "precision";
}

}  // namespace

NamedTexts identity_of(const FitPlan& plan) {
  NamedTexts identity = {{program, short_version()},
                         {instruction_set, target_name()},
                         {"rows", fmt::format("{}", plan.partition.n_rows)},
                         {"features", fmt::format("{}", plan.n_features())}};
  std::istringstream lines(options_text(plan.arguments, plan.names, plan.float32, plan.tolerance));
  std::string line;
  std::getline(lines, line);  // the section
  while (std::getline(lines, line)) {
    const std::size_t at = line.find(" = ");
    if (at != std::string::npos) identity.emplace_back(line.substr(0, at), line.substr(at + 3));
  }
  return identity;
}

std::string fit_digest(const NamedTexts& identity) {
  std::string text;
  for (const auto& [name, value] : identity)
    if (!may_change(name) && name != digest_of_rows && name != "row-weights") text += name + '\0' + value + '\0';
  return digest(text);
}

NamedTexts state_of_inputs(const FitPlan& plan) {
  NamedTexts states;
  std::vector<DatasetInfo> all = plan.datasets;
  all.insert(all.end(), plan.weights.begin(), plan.weights.end());
  for (const DatasetInfo& info : all) {
    if (info.storage.layout == Layout::other) return {};
    std::set<std::string> files = {info.file};
    for (const Extent& extent : info.storage.extents) files.insert(extent.file);
    for (const std::string& file : files) {
      struct stat status {};
      if (stat(file.c_str(), &status) != 0) return {};
      states.emplace_back(info.name() + " in " + file,
                          fmt::format("{} {} {}.{} {}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                                      status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec));
    }
  }
  return states;
}

void require_same(const NamedTexts& before, const NamedTexts& now, const Arguments& arguments) {
  for (const auto& [name, value] : now) {
    const std::string* old = value_of(before, name);
    if (old == nullptr || may_become(name, *old, value)) continue;
    const bool of_data = name == "rows" || name == "features" || name == digest_of_rows;
    if (of_data || name == program || name == instruction_set)
      throw Error(ExitCode::bad_data, fmt::format("{}: was made with {} {}, this is {} {}; {}", arguments.checkpoint,
                                                  name, *old, name, value,
                                                  of_data ? "give the data it was made from, or --restart never"
                                                          : "go on with the same, or --restart never"));
    throw Error(ExitCode::usage,
                fmt::format("{}: was made with {} {}, now it is {}; {}", arguments.checkpoint, name, *old, value,
                            name == "max-iterations" ? "it may only grow"
                            : name == "tolerance"    ? "it may only shrink"
                                                     : "give the same, or --restart never"));
  }
}

bool same_limits(const NamedTexts& before, const NamedTexts& now) {
  for (const char* const name : {"max-iterations", "tolerance"}) {
    const std::string *old = value_of(before, name), *current = value_of(now, name);
    if (old == nullptr || current == nullptr || *old != *current) return false;
  }
  return true;
}

Arguments with_target_of(const std::optional<Checkpoint>& before, const Arguments& arguments) {
  Arguments result = arguments;
  if (!before || !arguments.target.empty()) return result;
  if (const std::string* target = value_of(before->identity, instruction_set)) result.target = *target;
  return result;
}

bool was_float64(const Checkpoint& checkpoint) {
  const std::string* precision = value_of(checkpoint.identity, "precision");
  return precision != nullptr && *precision == "\"float64\"";
}

std::vector<double> find_weights(const Checkpoint& checkpoint) {
  const NamedArray* weights = find(checkpoint.parameters, "weights");
  return weights == nullptr ? std::vector<double>{} : weights->values;
}

std::vector<std::string> files_written(const Arguments& arguments, const std::string& generation) {
  std::vector<std::string> files = {arguments.output, arguments.labels, arguments.log};
  if (arguments.checkpoint.empty()) return files;
  const std::string checkpoint = follow_links(arguments.checkpoint);
  files.insert(files.end(), {checkpoint + generation, checkpoint + ".lease"});
  return files;
}

std::vector<std::string> files_named(const Arguments& a) {
  std::vector<std::string> files = {a.config};
  for (const std::string& data : a.data) files.push_back(parse_dataset_name(data).file);
  if (!parse_dataset_name(a.row_weights).path.empty()) files.push_back(parse_dataset_name(a.row_weights).file);
  if (a.init != "kmeans-parallel" && a.init != "random") files.push_back(a.init);
  if (a.mixing != "learned" && a.mixing != "uniform") files.push_back(a.mixing);
  return files;
}

std::vector<std::string> files_read(const FitPlan& plan) {
  std::vector<std::string> files = files_of(plan.datasets);
  const std::vector<std::string> of_weights = files_of(plan.weights);
  files.insert(files.end(), of_weights.begin(), of_weights.end());
  files.insert(files.end(), plan.sources.begin(), plan.sources.end());
  return files;
}

}  // namespace shoal::app
