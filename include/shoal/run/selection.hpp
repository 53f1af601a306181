/// Fits of several numbers of clusters, and of several kinds of a model, one of which is chosen.
#pragma once

#include <string>
#include <vector>

#include "shoal/io/checkpoint.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/run/best_fit.hpp"
#include "shoal/run/criteria.hpp"

namespace shoal {

/// What is scanned: for each kind all numbers of clusters.
struct ScanOptions {
  std::string clusters_text;          ///< as it was given
  std::vector<std::size_t> clusters;  ///< ascending, each once
  std::string kind_option;            ///< "covariance"; empty: the family has no kinds that can be compared
  std::vector<std::string> kinds;     ///< its values; empty: the one that the options have
  Criterion criterion = Criterion::bic;

  [[nodiscard]] std::size_t n_fits() const { return clusters.size() * std::max<std::size_t>(1, kinds.size()); }
};

/// The option by which models of a family differ in their likelihood of the same rows, or null.
const Option<ModelOptions>* kind_option(const Family& family);

/// Throws Error(usage) where the criterion means nothing to the family, or cannot be found from so few fits.
void check_scan(const ScanOptions& scan, const Family& family);

/// The options of fit number `number`, by those that all have.
RunOptions options_of_fit(const RunOptions& options, const ScanOptions& scan, std::size_t number);

/// As model files and checkpoints name them.
NamedTexts scan_texts(const ScanOptions& scan);

/// What is told of a scan; collective.
class ScanObserver {
 public:
  ScanObserver() = default;
  ScanObserver(const ScanObserver&) = delete;
  ScanObserver& operator=(const ScanObserver&) = delete;
  virtual ~ScanObserver() = default;

  /// Fit number `number` begins, from its beginning or where it stood; n_fits: the one that was chosen, once more.
  virtual void fit_begins(std::size_t /*number*/, const RunOptions& /*options*/) {}
  /// The last of these fits has ended: worth keeping.
  virtual void fit_ended(const ScanProgress& /*so_far*/) {}
};

/// The fit that was chosen.
template <class Row>
struct Selected {
  BestFit<Row> best;  ///< interrupted: the one that was under way
  RunOptions options;
  ScanTable table;
};

/// Makes all fits one after the other, each of which may start from a split of the one before, and chooses. Mixtures go
/// on until under 0.1 nats are left in all. Goes on from `before`, the checkpoint of the file `source`, where there is
/// one. Collective. Throws as best_fit does. @pre Options are settled, and the rows coded for the most clusters.
template <class Row>
Selected<Row> select(const RunOptions& options, const ScanOptions& scan, RowPass<Row>& pass, const Scaling& scaling,
                     const Followers& followers, ScanObserver& observer, const Checkpoint* before = nullptr,
                     const std::string& source = "");

/// What a model file says of the fit that was chosen: as of any fit, with the table, what was scanned, and of codes the
/// bivariate residuals, in one more pass. Collective.
template <class Row>
ModelFile selected_file(const Selected<Row>& selected, const ScanOptions& scan, const RowPass<Row>& pass,
                        const FeatureNames& names, const Scaling& scaling);

}  // namespace shoal
