/// Finite mixtures by EM (Dempster, Laird & Rubin 1977). The E-step and the mixing weights are the same for all; what a
/// component is, is the policy `Components`, in its family's folder.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include "shoal/core/pool.hpp"
#include "shoal/data/merge_rows.hpp"
#include "shoal/math/normalise.hpp"
#include "shoal/math/truncation.hpp"
#include "shoal/model/mixture/components.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

template <MixtureComponents Components>
class Mixture final : public Model<typename Components::Row> {
 public:
  using Row = typename Components::Row;
  Mixture(const ModelOptions& options, Components components);

  [[nodiscard]] std::size_t n_clusters() const override { return weights_.size(); }
  [[nodiscard]] std::size_t n_features() const override { return components_.n_features(); }
  [[nodiscard]] NamedArrays parameters() const override;
  void set_parameters(const NamedArrays& arrays, const std::string& source) override;
  [[nodiscard]] SumLayout statistics(bool scores_only) const override;
  void expect(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const override;
  [[nodiscard]] double objective(const Statistics& sums) const override;
  [[nodiscard]] double log_likelihood(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<Parameter> moving_parameters() const override { return moving_parameters_; }
  [[nodiscard]] double rounding() const override { return std::numeric_limits<typename Components::Real>::epsilon(); }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override;
  [[nodiscard]] std::int64_t n_parameters() const override;
  [[nodiscard]] std::vector<std::string> warnings(const FeatureNames& names) const override {
    return components_.warnings(names);
  }

  [[nodiscard]] const Components& components() const { return components_; }

 protected:
  void attach(const RowPass<Row>& pass, const ColumnMoments& moments) override;
  void start_from(const std::vector<Row>& seeds, const Membership& rows, const RowPass<Row>& pass) override;
  bool update(const Statistics& sums, const RowPass<Row>& pass) override;
  void detach() override { components_.end_fit(); }
  /// With the weights, which --mixing holds fixed for set_parameters.
  void restore(const NamedArrays& arrays, const std::string& source) override;

 private:
  /// What one thread needs for a block.
  struct Scratch {
    explicit Scratch(const Components& components, std::size_t n_clusters);
    typename Components::Workspace workspace;
    std::vector<double> joint;  ///< ln pi_k p(x | k), then weighted responsibilities: K x tile_rows
    std::vector<double> weight;
    std::vector<double> log_density;
    std::vector<std::int32_t> label;
  };

  [[nodiscard]] Statistics labelled_sums(const Membership& members, const RowPass<Row>& pass) const;
  // Layout of the sums: log-likelihood, K responsibility sums, the components' own.
  void expect_rows(const RowBlock<Row>& block, Statistics& sums, const RowOutputs& outputs) const;
  void complete_rows(const RowBlock<Row>& block, std::size_t first, const TileJoint& scores, std::size_t rows,
                     Scratch& scratch, const RowOutputs& outputs) const;
  void expect_merged(const RowBlock<Row>& block, const MergedRows& merged, Statistics& sums,
                     const RowOutputs& outputs) const;
  [[nodiscard]] std::span<const double> component_sums(const Statistics& sums) const {
    return std::span(sums.sums).subspan(1 + n_clusters());
  }
  void set_weights(std::vector<double> weights);
  void prepare();
  [[nodiscard]] Truncation truncation() const;
  [[nodiscard]] bool truncated_too_much(std::span<const double> n, double total) const;
  void repair_empty(const std::vector<std::size_t>& empty, std::vector<double>& weights,
                    const std::vector<std::int64_t>& rows, const RowPass<Row>& pass);
  [[nodiscard]] std::vector<std::int64_t> least_likely_rows(std::size_t count, const RowPass<Row>& pass) const;

  /// Components whose arrays depend on each other hold theirs in their M-step.
  static constexpr bool holds_itself = requires(Components components, const Held& held) { components.hold(held); };
  [[nodiscard]] std::vector<double> next_weights(std::span<const double> n, double total) const;
  void hold_parameters(const NamedArrays& before);
  void hold_from_here(bool from_here);

  Held held_;
  bool holding_ = false;  ///< once a start has given parameters
  Mixing mixing_;
  EmptyCluster empty_cluster_;
  bool truncate_;
  std::vector<Parameter> moving_parameters_;
  std::vector<double> weights_;
  Components components_;
  bool truncation_suspended_ = false;
  mutable Pool<Scratch> pool_;

  // From the parameters, by prepare().
  std::vector<double> constants_;       ///< c_k (truncation.hpp)
  std::vector<double> most_;            ///< c_k, or what no row's exceeds
  std::vector<double> thresholds_;      ///< tau_k; empty: no truncation
  std::vector<double> log_thresholds_;  ///< ln tau_k; -infinity: no truncation
};

/// A mixture of components that are made of options and of what `layout` says of the rows.
template <MixtureComponents Components, class Layout>
std::unique_ptr<Model<typename Components::Row>> make_mixture(const ModelOptions& options, const Layout& layout) {
  return std::make_unique<Mixture<Components>>(options, Components(options, layout));
}

}  // namespace shoal
