/// What every model is to the fit: an E-step by block and an M-step on the sums.
///
/// An abstract class rather than a concept: one virtual call a block costs nothing, and the loop, the passes and the
/// program are compiled once for each kind of row instead of once for each model.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/contract.hpp"
#include "shoal/core/feature_names.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/core/statistics.hpp"
#include "shoal/model/membership.hpp"
#include "shoal/model/options.hpp"
#include "shoal/model/parameter.hpp"
#include "shoal/pass/column_moments.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Where a pass puts what it finds about each row of a block; null: not wanted.
struct RowOutputs {
  std::int32_t* label = nullptr;       ///< n
  double* log_density = nullptr;       ///< n; hard models: minus the distance
  double* responsibilities = nullptr;  ///< n x K, row-major
  double* distances = nullptr;         ///< n x K, row-major; hard models: to each centre, not squared
  // Gaussian, n x D, row-major, with their standard deviations:
  double* imputed = nullptr;             ///< the row, what is missing by its conditional mean
  double* imputed_deviations = nullptr;  ///< 0 for what was observed
  double* denoised = nullptr;            ///< what the row's true values are expected to be; where rows have noise
  double* denoised_deviations = nullptr;
};

/// Repairs during a fit; each may make the objective fall.
struct Repairs {
  std::int64_t reseeded = 0;   ///< empty clusters given a new row
  std::int64_t dropped = 0;    ///< empty clusters removed
  std::int64_t collapsed = 0;  ///< covariances that took the regularisation floor
  [[nodiscard]] std::int64_t moved() const { return reseeded + dropped; }
};

template <class Row>
class Model {
 public:
  using Block = RowBlock<Row>;
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  [[nodiscard]] virtual std::size_t n_clusters() const = 0;
  [[nodiscard]] virtual std::size_t n_features() const = 0;

  // The calls of a fit, in this order: begin_fit; then start, resume or set_parameters; maximise after each pass;
  // end_fit. Each @pre is asserted.

  /// @pre No fit is under way. `moments` are empty for the hard models, which have no use for them.
  void begin_fit(const RowPass<Row>& pass, const ColumnMoments& moments) {
    expects(!in_fit_, "begin_fit: the fit before has not ended");
    attach(pass, moments);
    in_fit_ = true;
  }

  /// A start from K seed rows (values as held); mixtures make M-steps from what rows belong to, as the nearest of the
  /// seeds. @pre After begin_fit.
  void start(const std::vector<Row>& seeds, const Membership& rows, const RowPass<Row>& pass) {
    expects(in_fit_, "start: begin_fit comes first");
    start_from(seeds, rows, pass);
  }

  /// In place of start: where another fit of the same rows stood, to the bit. The parameters are all that parameters()
  /// gave; throws like set_parameters. @pre After begin_fit.
  void resume(const NamedArrays& parameters, const Repairs& repairs, const std::string& source) {
    expects(in_fit_, "resume: begin_fit comes first");
    restore(parameters, source);
    repairs_ = repairs;
  }

  /// M-step. May take further passes. Returns whether any parameter changed in any bit. @pre Within a fit.
  bool maximise(const Statistics& sums, const RowPass<Row>& pass) {
    expects(in_fit_, "maximise: begin_fit comes first");
    return update(sums, pass);
  }

  [[nodiscard]] bool in_fit() const { return in_fit_; }

  /// Forgets what belongs to the rows. @pre Within a fit.
  void end_fit() {
    expects(in_fit_, "end_fit: no fit is under way");
    in_fit_ = false;
    detach();
  }

  /// Parameters by name, as they stand in files. set_parameters ignores unknown arrays and throws Error(bad_data) on
  /// missing ones, wrong shapes and impossible values, naming them; `source` is the file's name for the message.
  [[nodiscard]] virtual NamedArrays parameters() const = 0;
  virtual void set_parameters(const NamedArrays& arrays, const std::string& source) = 0;

  /// The arrays of parameters() that M-steps of a mixture move, with their charts; hard models have none.
  [[nodiscard]] virtual std::vector<Parameter> moving_parameters() const { return {}; }

  /// Layout of the sums of a pass: all that the M-step needs, or (`scores_only`) objective and counts.
  [[nodiscard]] virtual SumLayout statistics(bool scores_only) const = 0;

  /// E-step of a block: adds its sums, and fills the outputs that are wanted. Called by several threads.
  virtual void expect(const Block& block, Statistics& sums, const RowOutputs& outputs) const = 0;

  /// Whether the objective is a cost, whose changes count as shares of it; else a likelihood, to be maximised.
  [[nodiscard]] virtual bool minimises() const { return false; }

  /// What the fit minimises or maximises, at the parameters the sums were taken with; mixtures: under a prior less its
  /// penalty, which log_likelihood leaves out.
  [[nodiscard]] virtual double objective(const Statistics& sums) const = 0;
  [[nodiscard]] virtual double log_likelihood(const Statistics& sums) const { return objective(sums); }

  /// Of the numbers that the objective is a sum of, how much rounding takes, as a share.
  [[nodiscard]] virtual double rounding() const { return std::numeric_limits<double>::epsilon(); }

  /// Weight of rows, or responsibility sum, of each cluster.
  [[nodiscard]] virtual std::vector<double> counts(const Statistics& sums) const = 0;

  /// Free parameters, mixing weights included.
  [[nodiscard]] virtual std::int64_t n_parameters() const = 0;

  [[nodiscard]] const Repairs& repairs() const { return repairs_; }

  /// What a person should know of the data or the result, one sentence each.
  [[nodiscard]] virtual std::vector<std::string> warnings(const FeatureNames& /*names*/) const { return {}; }

 protected:
  /// What begin_fit, start, maximise and end_fit do.
  virtual void attach(const RowPass<Row>& pass, const ColumnMoments& moments) = 0;
  virtual void start_from(const std::vector<Row>& seeds, const Membership& rows, const RowPass<Row>& pass) = 0;
  virtual bool update(const Statistics& sums, const RowPass<Row>& pass) = 0;
  virtual void detach() {}

  /// set_parameters where nothing else decides what is kept.
  virtual void restore(const NamedArrays& parameters, const std::string& source) { set_parameters(parameters, source); }

  Repairs repairs_;

 private:
  bool in_fit_ = false;
};

}  // namespace shoal
