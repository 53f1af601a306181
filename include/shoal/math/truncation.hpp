/// Exact truncation: which components a row may leave out of an iteration.
///
/// Component k is left out for row i where
///
///     e_ik (1 + q_ik) < tau_k = 2^-60 pi_k / K,   e_ik = pi_k p(x_i | k) / max_j pi_j p(x_i | j) >= r_ik,
///
/// q the squared Mahalanobis distance (0 for discrete components, whose statistics are bounded by r). What all rows of
/// total weight W leave out of n_k is then less than W tau_k, and out of the scatter, measured in Sigma_k, less than
/// sum_i w_i r_ik q_ik < W tau_k as well: 2^-60 W pi_k / K. Where the sums of the pass show n_k >= 2^-20 W pi_k, that
/// is at most 2^-40 / K of n_k (1e-12 / K); where they do not, the pass is repeated untruncated (Mixture::update).
///
/// The rule reads the row and the parameters alone. Kernels stop early where a partial form q' <= q proves it: for
/// q' >= 1, (1 + q) exp(-q / 2) falls, and ln(1 + q) <= q / 8 + 1.21, so that with c_k = ln pi_k + the log of the
/// density at its mean, and any lower bound b of max_j ln pi_j p(x | j),
///
///     c_k - 3/8 q' + 1.21 + ln 2 < b + ln tau_k
///
/// suffices, with a factor of two to spare for rounding.
#pragma once

#include <span>

namespace shoal {

/// Views of K numbers each; no thresholds: no truncation.
struct Truncation {
  std::span<const double> threshold;  ///< tau_k
  std::span<const double> constant;   ///< c_k; empty: q = 0
};

/// What scoring adds to a component's form and compares with, K numbers each.
struct ScoreConstants {
  std::span<const double> constant;       ///< c_k
  std::span<const double> log_threshold;  ///< ln tau_k; -infinity: no truncation
};

}  // namespace shoal
