// What is chosen of the fits of a scan.
#include "shoal/run/criteria.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace shoal {
namespace {

ScanLine fit_of(std::int64_t k, double bic, double objective = 1) {
  ScanLine line;
  line.n_clusters = k;
  line.bic = line.aic = line.icl = bic;
  line.objective = objective;
  return line;
}

/// Objectives of K = 1, 2, ...
std::vector<ScanLine> curve(const std::vector<double>& objectives) {
  std::vector<ScanLine> lines;
  for (const double objective : objectives)
    lines.push_back(fit_of(static_cast<std::int64_t>(lines.size()) + 1, 0, objective));
  return lines;
}

TEST(Choice, WhatFailedIsTakenOnlyWhereNothingElseIs) {
  ScanLine failed, degenerate = fit_of(5, 100);
  failed.sound = failed.converged = degenerate.sound = false;
  EXPECT_TRUE(failed.failed());
  EXPECT_EQ(failed.health(), "failed");
  EXPECT_EQ(choose({failed, degenerate, failed}, Criterion::bic), 1U);
  EXPECT_EQ(choose({degenerate, failed}, Criterion::bic), 0U);
  EXPECT_EQ(choose({failed, failed}, Criterion::bic), 0U);
}

TEST(Choice, TheLeastBicAndTheFirstOfEqualOnes) {
  EXPECT_EQ(choose({fit_of(1, 30), fit_of(2, 10), fit_of(3, 10), fit_of(4, 20)}, Criterion::bic), 1U);
  EXPECT_EQ(choose({fit_of(1, -5), fit_of(2, -7)}, Criterion::icl), 1U);
}

TEST(Choice, UnsoundAndUnconvergedFitsAreLast) {
  std::vector<ScanLine> lines = {fit_of(1, 30), fit_of(2, 20), fit_of(3, 10)};
  lines[2].sound = false;
  EXPECT_EQ(choose(lines, Criterion::bic), 1U);
  lines[1].converged = false;
  EXPECT_EQ(choose(lines, Criterion::bic), 0U);
  lines[0].converged = false;
  EXPECT_EQ(choose(lines, Criterion::bic), 1U);  // unconverged ones before degenerate ones
  lines[0].sound = lines[1].sound = false;
  lines[2].sound = true;
  EXPECT_EQ(choose(lines, Criterion::bic), 2U);
}

TEST(Choice, AFitOfWhichNothingIsKnownIsNotChosen) {
  std::vector<ScanLine> lines = curve({9, 4, 3});
  lines[1].silhouette = -0.2;
  lines[2].silhouette = -0.1;
  EXPECT_EQ(choose(lines, Criterion::silhouette), 2U);
}

TEST(Choice, LaterFitsMayNotBringBackWhatWasDropped) {
  const std::vector<ScanLine> lines = {fit_of(1, 30), fit_of(2, 10), fit_of(3, 20)};
  EXPECT_FALSE(may_be_chosen(lines, 0, Criterion::bic));
  EXPECT_TRUE(may_be_chosen(lines, 1, Criterion::bic));
  EXPECT_TRUE(may_be_chosen(lines, 0, Criterion::elbow));
}

TEST(Elbow, WhereTheCurveBends) {
  std::vector<ScanLine> lines = curve({1000, 400, 50, 48, 46, 45});
  note_elbow(lines);
  EXPECT_EQ(lines.front().below_chord, 0);
  EXPECT_EQ(lines.back().below_chord, 0);
  const double slope = std::log(45.0 / 1000) / std::log(6.0);
  EXPECT_NEAR(lines[2].below_chord, std::log(1000.0 / 50) + slope * std::log(3.0), 1e-12);
  EXPECT_EQ(choose(lines, Criterion::elbow), 2U);
}

TEST(Elbow, ThereIsNoneInRowsWithoutClusters) {
  std::vector<ScanLine> lines = curve({1000, 500, 1000.0 / 3, 250, 200});  // K to the power -2/D, D = 2
  note_elbow(lines);
  for (const ScanLine& line : lines) EXPECT_NEAR(line.below_chord, 0, 1e-12);
}

TEST(Elbow, FitsThatAreNotEligibleAreNoPartOfIt) {
  std::vector<ScanLine> lines = curve({1000, 1, 50, 48, 46, 45});
  lines[1].converged = false;
  note_elbow(lines);
  EXPECT_TRUE(std::isnan(lines[1].below_chord));
  EXPECT_EQ(choose(lines, Criterion::elbow), 2U);
}

TEST(Elbow, AnObjectiveOfZeroIsNoPartOfIt) {
  std::vector<ScanLine> lines = curve({1000, 100, 90, 0});
  note_elbow(lines);
  EXPECT_TRUE(std::isnan(lines.back().below_chord));
  EXPECT_EQ(lines[2].below_chord, 0);
  EXPECT_EQ(choose(lines, Criterion::elbow), 1U);
}

TEST(CalinskiHarabasz, TheRatioOfVariances) {
  EXPECT_DOUBLE_EQ(calinski_harabasz(100, 20, 53, 3), (80.0 / 2) / (20.0 / 50));
  EXPECT_TRUE(std::isnan(calinski_harabasz(100, 100, 53, 1)));
  EXPECT_TRUE(std::isnan(calinski_harabasz(100, 0, 3, 3)));
  EXPECT_TRUE(std::isinf(calinski_harabasz(100, 0, 9, 3)));
}

}  // namespace
}  // namespace shoal
