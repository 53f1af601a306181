/// What k-means and k-medians share: a row belongs to its nearest centre, centres follow their rows, empty clusters are
/// repaired.
#pragma once

#include <span>
#include <string>

#include "shoal/data/origin.hpp"
#include "shoal/model/model.hpp"
#include "shoal/model/nearest_search.hpp"

namespace shoal {

/// How far a row is from a centre.
enum class Distance { squared_euclidean, euclidean, manhattan };

/// A model whose E-step is a nearest-centre assignment. Sums: objective and K cluster weights; what else the centres
/// follow from, the model keeps up to date as rows move.
template <class T>
class HardModel : public Model<T> {
 public:
  /// `centres_name`: the array of /parameters.
  HardModel(const ModelOptions& options, std::size_t n_features, std::string centres_name, Distance distance);

  [[nodiscard]] std::size_t n_clusters() const override { return centres_.rows; }
  [[nodiscard]] std::size_t n_features() const override { return centres_.columns; }
  [[nodiscard]] NamedArrays parameters() const override;
  void set_parameters(const NamedArrays& arrays, const std::string& source) override;
  void expect(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs) const override;
  [[nodiscard]] bool minimises() const override { return true; }
  [[nodiscard]] double objective(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override;
  [[nodiscard]] std::int64_t n_parameters() const override;
  [[nodiscard]] SumLayout statistics(bool scores_only) const override;

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void start_from(const std::vector<T>& seeds, const Membership& rows, const RowPass<T>& pass) override;
  bool update(const Statistics& sums, const RowPass<T>& pass) override;
  void detach() override;
  /// The centres that follow from a pass; a cluster without weight keeps its own.
  [[nodiscard]] virtual Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const = 0;

  /// The point from which rows and centres are measured in T: a function of the centres, or zero.
  [[nodiscard]] virtual std::vector<T> choose_origin(const Matrix& centres) const = 0;

  /// Rows of a tile, which begins at row `first` of the block, change clusters in a pass of a fit; several threads may
  /// say so.
  virtual void rows_moved(const RowBlock<T>& /*block*/, std::size_t /*first*/,
                          std::span<const RowMove> /*moves*/) const {}

  /// The clusters are other ones: rows come from none in the next pass.
  virtual void forget_rows() { search_.forget(); }

  /// Of this rank's rows in the last pass of a fit; empty outside.
  [[nodiscard]] std::span<const std::int32_t> labels() const { return search_.labels(); }

  [[nodiscard]] const Matrix& centres() const { return centres_; }

 private:
  void set_centres(Matrix centres);
  std::size_t reseed(Matrix& centres, const std::vector<std::size_t>& empty, const RowPass<T>& pass) const;

  std::string centres_name_;
  Distance distance_;
  std::vector<bool> held_;  ///< K: centres that stay as the start gave them
  EmptyCluster empty_cluster_;
  Matrix centres_;
  NearestSearch<T> search_;
};

}  // namespace shoal
