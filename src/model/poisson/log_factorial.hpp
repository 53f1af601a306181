/// ln x! of counts.
#pragma once

namespace shoal {

/// ln Gamma(x + 1) of a whole number x >= 0, to a relative error of about 1e-15: by table, and beyond it by Stirling's
/// series.
double log_factorial(double x);

}  // namespace shoal
