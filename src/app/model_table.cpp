#include "app/model_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "app/profile_lines.hpp"
#include "app/screen.hpp"
#include "app/short_numbers.hpp"
#include "app/terminal.hpp"
#include "app/text_table.hpp"

namespace shoal::app {
namespace {

/// What a model of one kind is shown with.
struct Sight {
  const ModelFile& model;
  const Profile& profile;
  const Shown& shown;
  std::vector<ProfileLine> lines;

  [[nodiscard]] bool has_apart() const { return profile.sizes.size() > 1 && profile.n_features() > 1; }
  [[nodiscard]] std::string rows_title() const {
    return static_cast<double>(model.n_rows) == model.total_weight ? "rows" : "rows, weighted";
  }
  [[nodiscard]] std::string share_title() const { return model.is_mixture ? "weight" : "share"; }
  [[nodiscard]] std::string size_of(std::size_t k) const {
    return size_text(profile.sizes[k], all_whole(profile.sizes));
  }
};

/// "5.006 ± 0.349": values and deviations of some cells to the width of the widest, so that they line up.
class Pairs {
 public:
  void widen(const ProfileLine& line, std::size_t i) {
    if (line.deviations.empty()) return;
    value_ = std::max(value_, line.values[i].size()), deviation_ = std::max(deviation_, line.deviations[i].size());
  }
  [[nodiscard]] std::string text(const ProfileLine& line, std::size_t i) const {
    if (line.deviations.empty()) return line.values[i];
    return padded(line.values[i], value_, false) + (shows_utf8() ? " ± " : " +- ") +
           padded(line.deviations[i], deviation_, false);
  }

 private:
  std::size_t value_ = 0, deviation_ = 0;
};

TextTable a_line_a_cluster(const Sight& sight) {
  std::vector<TextTable::Column> columns = {{"cluster"}, {sight.rows_title()}, {sight.share_title()}};
  std::vector<Pairs> pairs;
  for (const ProfileLine& line : sight.lines) {
    columns.push_back({line.name});
    pairs.emplace_back();
    for (std::size_t i = 0; i < line.values.size(); ++i) pairs.back().widen(line, i);
  }
  TextTable table(columns);
  for (std::size_t i = 0; i < sight.shown.clusters.size(); ++i) {
    const std::size_t k = sight.shown.clusters[i];
    std::vector<std::string> cells = {std::to_string(k), sight.size_of(k), probability_text(sight.profile.shares[k])};
    for (std::size_t j = 0; j < sight.lines.size(); ++j) cells.push_back(pairs[j].text(sight.lines[j], i));
    table.add(std::move(cells));
  }
  if (!sight.has_apart()) return table;
  std::vector<std::string> cells = {"apart", "", ""};
  for (const ProfileLine& line : sight.lines) cells.push_back(line.apart);
  table.add(std::move(cells));
  return table;
}

TextTable a_line_a_feature(const Sight& sight) {
  std::vector<TextTable::Column> columns = {{"cluster", true}};
  if (sight.has_apart()) columns.push_back({"apart"});
  const std::size_t before = columns.size();
  std::vector<std::string> sizes = {sight.rows_title()}, shares = {sight.share_title()};
  sizes.resize(before), shares.resize(before);
  std::vector<Pairs> pairs(sight.shown.clusters.size());
  for (std::size_t i = 0; i < sight.shown.clusters.size(); ++i) {
    const std::size_t k = sight.shown.clusters[i];
    columns.push_back({std::to_string(k)});
    sizes.push_back(sight.size_of(k));
    shares.push_back(probability_text(sight.profile.shares[k]));
    for (const ProfileLine& line : sight.lines)
      if (!line.is_heading()) pairs[i].widen(line, i);
  }
  TextTable table(columns);
  table.add(std::move(sizes));
  table.add(std::move(shares));
  for (const ProfileLine& line : sight.lines) {
    std::vector<std::string> cells = {line.name};
    if (sight.has_apart()) cells.push_back(line.apart);
    for (std::size_t i = 0; i < line.values.size(); ++i) cells.push_back(pairs[i].text(line, i));
    table.add(std::move(cells));
  }
  return table;
}

/// What the numbers are.
std::string caption(const Sight& sight) {
  const Profile& profile = sight.profile;
  if (profile.has_levels) return "probabilities of a feature's levels in each cluster, P(level | cluster):";
  if (profile.holds_probabilities) return "probabilities of code 1 in each cluster:";
  if (profile.counts) return "rates, the mean counts in each cluster:";
  return fmt::format("{} in the data's units:{}", profile.centre,
                     profile.deviations.rows > 0
                         ? fmt::format(" each {} its cluster's standard deviation", shows_utf8() ? "±" : "+-")
                         : "");
}

/// What is left out, and what `apart` is.
std::string notes_of(const Sight& sight, std::size_t width) {
  const Profile& profile = sight.profile;
  std::string text;
  const auto add = [&](const std::string& note) { text += wrapped_at(note, 0, width) + "\n"; };
  const std::size_t clusters = profile.sizes.size(), shown = sight.shown.clusters.size();
  if (shown < clusters) {
    double rows = 0;
    for (const std::size_t k : sight.shown.clusters) rows += profile.sizes[k];
    const double all = std::accumulate(profile.sizes.begin(), profile.sizes.end(), 0.0);
    add(fmt::format("These are the {} largest of {} clusters; the others have {:.1f} % of the rows (--all shows them).",
                    shown, clusters, all > 0 ? 100 * std::max(0.0, 1 - rows / all) : 0));
  }
  if (sight.shown.features.size() < profile.n_features())
    add(fmt::format("These are the {} of {} features that set the clusters apart most (--all shows the others).",
                    sight.shown.features.size(), profile.n_features()));
  if (!sight.has_apart()) return text;
  if (!profile.within_known)
    add(fmt::format("apart: the feature's share of the variance between the centres{}",
                    sight.model.scaling.empty() ? "" : ", all in the units of the fit"));
  else
    add(fmt::format("apart: share of the feature's variance that lies between clusters ({})",
                    sight.profile.has_levels ? "Goodman and Kruskal's tau" : "eta squared"));
  return text;
}

}  // namespace

std::string model_table(const ModelFile& model, const std::string& source, std::size_t width, bool all) {
  const Profile profile = profile_of(model, source);
  const Shown shown = Shown::of(profile, all);
  const Sight sight{model, profile, shown, profile_lines(profile, {model.feature_names, model.level_names}, shown)};
  std::string text;
  if (!sight.profile.has_levels)
    if (const TextTable table = a_line_a_cluster(sight); table.width() <= width) text = table.text(width);
  if (text.empty()) text = a_line_a_feature(sight).text(width);
  return wrapped_at(caption(sight), 0, width) + "\n" + text + notes_of(sight, width);
}

}  // namespace shoal::app
