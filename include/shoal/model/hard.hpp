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

/// A model whose E-step is a nearest-centre assignment. Sums: objective, K cluster weights and, where statistics() has
/// room for them, K x D sums of w (x - moments_origin()). Or the model keeps sums of its own as rows move.
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

 protected:
  void attach(const RowPass<T>& pass, const ColumnMoments& moments) override;
  void start_from(const std::vector<T>& seeds, std::span<const std::int32_t> labels, const RowPass<T>& pass) override;
  bool update(const Statistics& sums, const RowPass<T>& pass) override;
  void detach() override;
  /// The centres that follow from a pass; a cluster without weight keeps its own.
  [[nodiscard]] virtual Matrix moved_centres(const Statistics& sums, const RowPass<T>& pass) const = 0;

  /// The point from which rows and centres are measured in T: a function of the centres, or zero.
  [[nodiscard]] virtual std::vector<T> choose_origin(const Matrix& centres) const = 0;

  /// The point about which first moments are added up, where the pass has them: the same in every pass of a fit, so
  /// that rows that keep their clusters keep their means to the bit.
  [[nodiscard]] virtual const T* moments_origin() const { return search_.origin().data(); }

  /// Whether the M-step asks for labels() or wants to hear of rows that move.
  [[nodiscard]] virtual bool needs_labels() const = 0;

  /// Rows of a tile change clusters in a pass of a fit that needs_labels(); several threads may say so.
  virtual void rows_moved(const T* /*rows*/, std::span<const RowMove> /*moves*/) const {}

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
  EmptyCluster empty_cluster_;
  Matrix centres_;
  NearestSearch<T> search_;
};

}  // namespace shoal
