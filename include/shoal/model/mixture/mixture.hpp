/// Finite mixtures by EM (Dempster, Laird & Rubin 1977). The E-step and the mixing weights are the same for all; what
/// a component is (Gaussian, Bernoulli, categorical) is the policy `Components`:
///
///   Row                                   kind of rows
///   Workspace(components)                 scratch of one thread
///   load(block, first, n, workspace)      up to 64 rows
///   score(workspace, joint)               joint[k * 64 + r] = ln p(x_r | k)
///   n_sums(), add(workspace, weighted, sums)   component sums with weights weighted[k * 64 + r] = w_r r_rk
///   must_recentre(n, sums), recentre(n, sums)  whether sums lost digits, and the remedy before a second pass
///   maximise(n, sums, repairs)            M-step given responsibility sums n_k
///   start(seeds), maximise_start(n, sums) the same from a hard clustering, smoothed
///   reseed(k, row), remove(clusters)      empty components
#pragma once

#include <string>

#include "shoal/model/model.hpp"

namespace shoal {

template <class Components>
class Mixture final : public Model<typename Components::Row> {
 public:
  using Row = typename Components::Row;
  Mixture(const ModelOptions& options, Components components);

  [[nodiscard]] std::size_t n_clusters() const override { return weights_.size(); }
  [[nodiscard]] std::size_t n_features() const override { return components_.n_features(); }
  void start(const std::vector<Row>& seeds, std::span<const std::int32_t> labels, const RowPass<Row>& pass) override;
  [[nodiscard]] NamedArrays parameters() const override;
  void set_parameters(const NamedArrays& arrays, const std::string& source) override;
  void begin_fit(const RowPass<Row>& pass, const ColumnMoments& moments) override;
  [[nodiscard]] Statistics statistics(bool scores_only) const override;
  void expect(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const override;
  [[nodiscard]] double objective(const Statistics& sums) const override;
  [[nodiscard]] double log_likelihood(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override;
  bool maximise(const Statistics& sums, const RowPass<Row>& pass) override;
  [[nodiscard]] std::int64_t n_parameters() const override;
  [[nodiscard]] std::vector<std::string> warnings() const override { return components_.warnings(); }

  [[nodiscard]] const Components& components() const { return components_; }

 private:
  // Layout of the sums: log-likelihood, K responsibility sums, the components' own.
  void set_weights(std::vector<double> weights);
  void repair_empty(const std::vector<std::size_t>& empty, std::vector<double>& weights,
                    const std::vector<std::int64_t>& rows, const RowPass<Row>& pass);
  [[nodiscard]] std::vector<std::int64_t> least_likely_rows(std::size_t count, const RowPass<Row>& pass) const;

  Mixing mixing_;
  EmptyCluster empty_cluster_;
  std::vector<double> weights_;
  std::vector<double> log_weights_;
  Components components_;
};

}  // namespace shoal
