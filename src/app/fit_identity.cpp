#include "app/fit_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/commands.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/version.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/io/output_path.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {
namespace {

constexpr const char* instruction_set = "instruction set";
constexpr const char* program = "shoal";
constexpr const char* n_rows = "n_rows";  // `rows` is an option

const std::string* value_of(const NamedTexts& texts, const std::string& name) {
  for (const auto& [key, value] : texts)
    if (key == name) return &value;
  return nullptr;
}

double number(const std::string& text) {
  return parse_number<double>(text, 0, std::numeric_limits<double>::max()).value_or(0);
}

MayBecome may_become(const FitPlan& plan, const std::string& name) {
  if (plan.arguments.scan) return MayBecome::the_same;  // fits that are done would not go on
  for (const Option<RunOptions>& option : run_options(plan.family()))
    if (option.name == name) return option.may_become;
  return MayBecome::the_same;
}

bool may_follow(MayBecome how, const std::string& before, const std::string& now) {
  if (how == MayBecome::more) return number(now) >= number(before);
  if (how == MayBecome::less) return number(now) <= number(before);
  return before == now;
}

}  // namespace

NamedTexts identity_of(const FitPlan& plan) {
  NamedTexts identity = {{program, version()},
                         {instruction_set, target_name()},
                         {n_rows, fmt::format("{}", plan.partition.n_rows)},
                         {"features", fmt::format("{}", plan.n_features())},
                         {"model", toml_text(std::string(plan.family().name))}};
  const NamedTexts options = option_texts(plan.options);
  identity.insert(identity.end(), options.begin(), options.end());
  return identity;
}

void set_entry(NamedTexts& identity, const std::string& name, const std::string& value) {
  const auto found = std::ranges::find(identity, name, &std::pair<std::string, std::string>::first);
  if (found == identity.end())
    identity.emplace_back(name, value);
  else
    found->second = value;
}

std::string fit_digest(const FitPlan& plan) {
  std::string text;
  for (const auto& [name, value] : plan.identity)
    if (may_become(plan, name) == MayBecome::the_same && name != "precision")  // which may turn out to be another one
      text += name + '\0' + value + '\0';
  return digest(text);
}

NamedTexts state_of_inputs(const FitPlan& plan) {
  NamedTexts states;
  std::vector<DatasetInfo> all = plan.datasets;
  all.insert(all.end(), plan.weights.begin(), plan.weights.end());
  all.insert(all.end(), plan.mask.begin(), plan.mask.end());
  all.insert(all.end(), plan.noise.datasets.begin(), plan.noise.datasets.end());
  for (const DatasetInfo& info : all) {
    std::set<std::string> files = {info.file};
    for (const DatasetInfo* stored : stored_of(info)) {
      if (stored->storage.layout == Layout::other && stored->form == Form::array) return {};  // it may lie anywhere
      for (const Extent& extent : stored->storage.extents) files.insert(extent.file);
    }
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

namespace {

/// Known only when rows have been read.
bool is_of_content(const std::string& name) {
  return name == digest_of_rows || name == "row-weights" || name == "mask" || name == "noise" ||
         name == "feature-weights";
}

/// An option that was given then and not now, or now and not then.
void require_same_names(const NamedTexts& before, const FitPlan& plan) {
  const bool all_known = value_of(plan.identity, digest_of_rows) != nullptr;
  const auto refuse = [&](const char* what, const std::string& name, const std::string& value) {
    throw Error(ExitCode::usage, fmt::format("{}: was made {} {} {}; give the same, or --restart never",
                                             plan.arguments.checkpoint, what, name, value));
  };
  for (const auto& [name, value] : before)
    if (value_of(plan.identity, name) == nullptr && (all_known || !is_of_content(name)))
      refuse("with", name, value + ", now it is not given");
  for (const auto& [name, value] : plan.identity)
    if (value_of(before, name) == nullptr) refuse("without", name, "(now " + value + ")");
}

}  // namespace

void require_same(const NamedTexts& before, const FitPlan& plan) {
  const std::string& checkpoint = plan.arguments.checkpoint;
  require_same_names(before, plan);
  for (const auto& [name, value] : plan.identity) {
    const std::string* old = value_of(before, name);
    const MayBecome how = may_become(plan, name);
    if (may_follow(how, *old, value)) continue;
    const std::string told = name == n_rows ? "rows" : name;
    const bool of_data = name == n_rows || name == "features" || name == digest_of_rows;
    if (of_data || name == program || name == instruction_set)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: was made with {} {}, this is {} {}; {}", checkpoint, told, *old, told, value,
                              of_data ? "give the data it was made from, or --restart never"
                                      : "go on with the same, or --restart never"));
    throw Error(ExitCode::usage, fmt::format("{}: was made with {} {}, now it is {}; {}", checkpoint, name, *old, value,
                                             how == MayBecome::more   ? "it may only grow"
                                             : how == MayBecome::less ? "it may only shrink"
                                                                      : "give the same, or --restart never"));
  }
}

bool same_limits(const NamedTexts& before, const FitPlan& plan) {
  return std::ranges::all_of(plan.identity, [&](const auto& entry) {
    const std::string* old = value_of(before, entry.first);
    return may_become(plan, entry.first) == MayBecome::the_same || (old != nullptr && *old == entry.second);
  });
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

std::vector<std::string> files_written(const Arguments& arguments, const std::string& generation) {
  std::vector<std::string> files = {arguments.output, arguments.labels, arguments.log};
  if (arguments.checkpoint.empty()) return files;
  const std::string checkpoint = follow_links(arguments.checkpoint);
  files.insert(files.end(), {checkpoint + generation, checkpoint + ".lease"});
  return files;
}

std::vector<std::string> files_named(const Arguments& a) {
  std::vector<std::string> files = {a.config, a.run->start.file.name, a.run->model.mixing_file.name};
  for (const std::string& data : a.data) files.push_back(parse_dataset_name(data).file);
  for (const ContentName* content :
       {&a.run->rows.row_weights, &a.run->rows.mask, &a.run->rows.noise, &a.run->scaling.weights_file})
    if (const DatasetName named = parse_dataset_name(content->name); !named.path.empty()) files.push_back(named.file);
  return files;
}

std::vector<std::string> files_read(const FitPlan& plan) {
  std::vector<std::string> files = files_of(plan.datasets);
  for (const std::vector<DatasetInfo>* beside : {&plan.weights, &plan.mask, &plan.noise.datasets}) {
    const std::vector<std::string> more = files_of(*beside);
    files.insert(files.end(), more.begin(), more.end());
  }
  files.insert(files.end(), plan.sources.begin(), plan.sources.end());
  return files;
}

}  // namespace shoal::app
