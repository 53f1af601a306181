/// Which row is to blame where an objective is no number.
#pragma once

#include "shoal/core/error.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

/// Error(bad_data) of an objective that is no number.
class NotFinite : public Error {
 public:
  using Error::Error;
};

/// It names the first row whose distance or log density under the model is infinite or NaN, or, where
/// all are finite but their sum is not, the one of greatest size; and its largest value's column. One pass. Collective.
template <class Row>
NotFinite not_finite(const Model<Row>& model, const RowPass<Row>& pass, double objective);

}  // namespace shoal
