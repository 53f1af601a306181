#include "fit/squarem.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "fit/coordinates.hpp"
#include "shoal/model/held.hpp"

namespace shoal {
namespace {

using Phase = Acceleration::Phase;

constexpr std::int64_t steps_at_first = 8;  ///< of EM, and until one gains less than this a unit of weight
constexpr double little_at_first = 1e-3;
constexpr std::int64_t steps_to_settle = 4;  ///< of EM, which tell what is left
constexpr double little = 10;                ///< gained by a cycle, in tolerances: time to settle
constexpr double shortest = 1.01;            ///< that is worth a pass: theta2 is free
constexpr double least_longest = 1.5;
constexpr double forgotten = 0.9;  ///< of the slowest direction seen, a cycle

bool same_shapes(const NamedArrays& a, const NamedArrays& b) {
  return std::ranges::equal(
      a, b, [](const NamedArray& x, const NamedArray& y) { return x.name == y.name && x.shape == y.shape; });
}

/// a = |r| / |v|; 1 where the steps are the same.
double length_of(const std::vector<double>& u0, const std::vector<double>& u1, const std::vector<double>& u2) {
  double rr = 0, vv = 0;
  for (std::size_t i = 0; i < u0.size(); ++i) {
    const double r = u1[i] - u0[i], v = (u2[i] - u1[i]) - r;
    rr += r * r;
    vv += v * v;
  }
  return vv > 0 ? std::sqrt(rr) / std::sqrt(vv) : 1;
}

/// One covariance for all components.
bool is_one_matrix(const std::vector<Parameter>& moving, const NamedArray& array) {
  const auto parameter = std::ranges::find(moving, array.name, &Parameter::name);
  return parameter != moving.end() && parameter->chart == Chart::log_cholesky && array.shape.size() == 2;
}

/// What did not move, as it is held, does not: all of an array, or a component's part of it.
void keep_still(const NamedArray& first, const NamedArray& second, const NamedArray& third, bool whole,
                NamedArray& array) {
  const std::size_t n = whole ? 1 : third.shape.front(), line = third.values.size() / n;
  std::vector<bool> still(n);
  for (std::size_t k = 0; k < n; ++k) {
    const auto part = [&](const NamedArray& of) { return std::span(of.values).subspan(k * line, line); };
    still[k] = same_bits(part(first), part(second)) && same_bits(part(second), part(third));
  }
  if (std::ranges::find(still, true) == still.end()) return;
  if (array.name == "weights") {
    array.values = share_out(third.values, array.values, still);
    return;
  }
  for (std::size_t i = 0; i < array.values.size(); ++i)
    if (still[i / line]) array.values[i] = third.values[i];
}

}  // namespace

Extrapolation extrapolate(const std::vector<Parameter>& moving, const NamedArrays& first, const NamedArrays& second,
                          const NamedArrays& third, double longest) {
  if (!same_shapes(first, second) || !same_shapes(second, third)) return {};
  const Coordinates coordinates(moving, first);
  std::vector<double> point = coordinates.pack(first);
  const std::vector<double> u1 = coordinates.pack(second), u2 = coordinates.pack(third);
  Extrapolation found;
  found.free_length = length_of(point, u1, u2);
  found.length = std::clamp(found.free_length, 1.0, longest);
  if (!(found.length > shortest)) return found;
  const double a = found.length;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double r = u1[i] - point[i], v = (u2[i] - u1[i]) - r;
    point[i] += 2 * a * r + a * a * v;
  }
  found.parameters = coordinates.unpack(point, third);
  for (std::size_t i = 0; found.parameters && i < third.size(); ++i)
    keep_still(first[i], second[i], third[i], is_one_matrix(moving, third[i]), (*found.parameters)[i]);
  return found;
}

bool Squarem::fails(const FitState& state, double objective) {
  return state.acceleration.on_trial() && !(std::isfinite(objective) && objective >= state.history.back());
}

NamedArrays Squarem::take_back(FitState& state) {
  Acceleration& acceleration = state.acceleration;
  acceleration.longest = std::max(acceleration.length / 2, least_longest);
  ++acceleration.rejected;
  acceleration.length = 1;
  return std::exchange(acceleration.fallback, {});
}

void Squarem::begin_anew(FitState& state) {
  const std::int64_t rejected = state.acceleration.rejected;
  state.acceleration = {};
  state.acceleration.rejected = rejected;
  state.before.clear();
}

namespace {

/// Where a trial has stood the test, its step is done.
void accept(Acceleration& acceleration) {
  if (!acceleration.on_trial()) return;
  if (acceleration.length >= acceleration.longest) acceleration.longest *= 2;
  acceleration.fallback.clear();
  acceleration.length = 1;
  acceleration.em_steps = 0;
}

void note_milestone(Acceleration& acceleration, double objective) {
  std::vector<double>& milestones = acceleration.milestones;
  if (milestones.size() == Acceleration::n_milestones) milestones.erase(milestones.begin());
  milestones.push_back(objective);
}

/// At the first pass of a cycle: whether the one before it gained so little that EM is asked what is left.
void settle_if_little(const FitState& state, const Course& course, Acceleration& acceleration) {
  note_milestone(acceleration, state.history.back());
  if (acceleration.cycles_to_go > 0) {
    --acceleration.cycles_to_go;
    return;
  }
  const std::vector<double>& history = state.history;
  const double gain = history.size() < 3 ? course.gain : history.back() - history[history.size() - 3];
  if (gain < std::max(little * course.tolerance, course.rounding)) acceleration.phase = Phase::settling;
}

void choose_phase(const FitState& state, const Course& course, Acceleration& acceleration) {
  const std::int64_t steps = acceleration.em_steps;
  if (acceleration.phase == Phase::cycles && state.before.empty()) return settle_if_little(state, course, acceleration);
  if (acceleration.phase == Phase::beginning && steps >= steps_at_first &&
      course.gain < little_at_first * course.total_weight)
    acceleration.phase = Phase::cycles;
  if (acceleration.phase == Phase::settling && steps >= steps_to_settle && course.tolerance > 0) {
    acceleration.phase = Phase::cycles;  // much is left
    acceleration.cycles_to_go = acceleration.cycles_to_wait;
  }
}

}  // namespace

std::optional<NamedArrays> Squarem::after_step(FitState& state, const Course& course, NamedArrays here,
                                               NamedArrays next) const {
  Acceleration& acceleration = state.acceleration;
  accept(acceleration);
  choose_phase(state, course, acceleration);
  ++acceleration.em_steps;
  if (acceleration.phase != Phase::cycles || state.before.empty()) {
    state.before = std::move(here);
    return std::nullopt;
  }
  Extrapolation found = extrapolate(moving_, state.before, here, next, acceleration.longest);
  state.before.clear();
  acceleration.slowest = std::max(found.free_length, forgotten * acceleration.slowest);
  if (!course.remaining) state.remaining = remaining_at_rate(course.gain, acceleration.slowest);
  if (!found.parameters) {
    if (found.length > shortest) acceleration.longest = std::max(found.length / 2, least_longest);
    return std::nullopt;
  }
  acceleration.length = found.length;
  acceleration.fallback = std::move(next);
  return found.parameters;
}

}  // namespace shoal
