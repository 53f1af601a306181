#include "shoal/run/criteria.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "shoal/core/contract.hpp"

namespace shoal {

double merit(const ScanLine& line, Criterion criterion) {
  switch (criterion) {
    case Criterion::bic:
      return -line.bic;
    case Criterion::aic:
      return -line.aic;
    case Criterion::icl:
      return -line.icl;
    case Criterion::elbow:
      return line.below_chord;
    case Criterion::silhouette:
      return line.silhouette;
    case Criterion::calinski_harabasz:
      return line.calinski_harabasz;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

namespace {

/// Whether a is to be preferred to b.
bool better(const ScanLine& a, const ScanLine& b, Criterion criterion) {
  if (a.sound != b.sound) return a.sound;
  if (a.converged != b.converged) return a.converged;
  const double mine = merit(a, criterion), other = merit(b, criterion);
  if (std::isnan(mine) || std::isnan(other)) return std::isnan(other) && !std::isnan(mine);
  return mine > other;
}

}  // namespace

std::size_t choose(std::vector<ScanLine> lines, Criterion criterion) {
  expects(!lines.empty(), "choose: there are no fits");
  note_elbow(lines);
  std::size_t best = 0;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (better(lines[i], lines[best], criterion)) best = i;
  return best;
}

bool may_be_chosen(const std::vector<ScanLine>& lines, std::size_t line, Criterion criterion) {
  return criterion == Criterion::elbow || choose(lines, criterion) == line;
}

void note_elbow(std::vector<ScanLine>& lines) {
  std::vector<ScanLine*> curve;
  for (ScanLine& line : lines) {
    line.below_chord = ScanLine::unknown;
    if (!line.eligible() || line.objective == 0) continue;  // as many clusters as distinct rows: no point of a curve
    curve.push_back(&line);
  }
  if (curve.empty()) return;
  std::ranges::stable_sort(curve, {}, &ScanLine::n_clusters);
  const auto x = [](const ScanLine* line) { return std::log(static_cast<double>(line->n_clusters)); };
  const auto y = [&](const ScanLine* line) { return std::log(line->objective); };
  const ScanLine *first = curve.front(), *last = curve.back();
  const double width = x(last) - x(first), slope = width > 0 ? (y(last) - y(first)) / width : 0;
  for (ScanLine* line : curve) line->below_chord = y(first) + slope * (x(line) - x(first)) - y(line);
  curve.front()->below_chord = curve.back()->below_chord = 0;  // whatever rounding leaves
}

double calinski_harabasz(double of_one, double objective, double total_weight, std::size_t n_clusters) {
  const auto k = static_cast<double>(n_clusters);
  if (k < 2 || k >= total_weight) return ScanLine::unknown;
  if (objective == 0) return std::numeric_limits<double>::infinity();
  return ((of_one - objective) / (k - 1)) / (objective / (total_weight - k));
}

}  // namespace shoal
