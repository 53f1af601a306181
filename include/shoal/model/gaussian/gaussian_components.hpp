/// Gaussian components with full, tied, diagonal or spherical covariance.
///
/// With S_k = L L^T the density needs ||L^-1 (x - mu_k)||^2; scatter is taken about the previous mean (Chan, Golub &
/// LeVeque 1983), so that data far from zero lose no digits. T is the type in which rows are multiplied.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/data/tile.hpp"
#include "shoal/model/gaussian/covariance_update.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

template <class T>
class GaussianComponents {
 public:
  using Row = T;

  GaussianComponents(const ModelOptions& options, std::size_t n_features);

  struct Workspace {
    explicit Workspace(const GaussianComponents& components)
        : tile(components.n_features()),
          columns(components.n_features() * tile_rows),
          rows(2 * tile_rows * tile.stride) {}
    Tile<T> tile;
    std::vector<T> columns;  ///< scratch, D x 64
    std::vector<T> rows;     ///< scratch, 2 x 64 x stride
  };

  [[nodiscard]] std::size_t n_features() const { return means_.columns; }
  [[nodiscard]] std::size_t n_sums() const;
  void load(const RowBlock<T>& block, std::size_t first, std::size_t n, Workspace& workspace) const;
  void score(Workspace& workspace, double* joint) const;
  void add(Workspace& workspace, const double* weighted, double* sums) const;
  [[nodiscard]] double log_prior() const { return 0; }

  void begin_fit(const ColumnMoments& moments);
  void start(const std::vector<T>& seeds);
  void maximise_start(std::span<const double> n, std::span<const double> sums);
  [[nodiscard]] bool must_recentre(std::span<const double> n, std::span<const double> sums) const;
  void recentre(std::span<const double> n, std::span<const double> sums);
  void maximise(std::span<const double> n, std::span<const double> sums, Repairs& repairs);
  void reseed(std::size_t k, std::span<const T> row);
  void remove(const std::vector<std::size_t>& clusters);

  [[nodiscard]] NamedArrays parameters() const;
  void set_parameters(const NamedArrays& arrays, const std::string& source);
  [[nodiscard]] std::int64_t n_parameters() const;
  [[nodiscard]] std::vector<std::string> warnings() const { return warnings_; }

  /// One matrix a component (tied: one): D x D, 1 x D (diag), 1 x 1 (spherical).
  [[nodiscard]] const std::vector<Matrix>& covariances() const { return covariances_; }
  [[nodiscard]] const Matrix& means() const { return means_; }

 private:
  [[nodiscard]] std::size_t n_clusters() const { return means_.rows; }
  [[nodiscard]] bool triangle() const { return covariance_ == Covariance::full || covariance_ == Covariance::tied; }
  [[nodiscard]] ComponentSums sums_of(std::size_t k, std::span<const double> n, std::span<const double> sums) const;
  [[nodiscard]] std::vector<ComponentSums> components_of(std::span<const double> n, std::span<const double> sums) const;
  [[nodiscard]] std::vector<Scatter> scatters(std::span<const ComponentSums> components) const;
  [[nodiscard]] std::size_t second_offset(std::size_t k) const;
  [[nodiscard]] Matrix stepped_means(std::span<const double> n, std::span<const double> sums) const;
  void set_covariances(std::span<const double> n, std::span<const double> sums, bool pool_small, Repairs& repairs);
  [[nodiscard]] Matrix covariance_of(const Scatter& scatter, Repairs& repairs) const;
  [[nodiscard]] bool is_positive(const Matrix& covariance) const;
  void add_floor(Matrix& covariance, double multiple) const;
  void prepare();

  Covariance covariance_;
  bool missing_;  ///< NaN entries are integrated out
  double regularization_;
  double regularization_absolute_;

  Matrix means_;
  std::vector<Matrix> covariances_;
  Matrix pooled_;              ///< covariance over all components, for new ones
  std::vector<double> added_;  ///< D, to covariance diagonals
  std::vector<double> floor_;  ///< D, where a covariance collapsed
  std::vector<double> fill_;   ///< D, global means, for missing entries of a new mean
  std::vector<std::string> warnings_;

  // What prepare() derives from the parameters, for the kernels.
  std::vector<T> origin_;                       ///< D
  std::vector<T> kernel_means_;                 ///< K x D, less origin
  std::vector<std::vector<T>> triangles_;       ///< packed L^-1 (full: K, tied: 1)
  std::vector<std::vector<T>> precisions_;      ///< 1 / variance (diag, spherical), D each
  std::vector<std::vector<double>> constants_;  ///< ln 2 pi + ln variance, D each (diag, spherical)
  std::vector<double> log_norm_;                ///< D ln 2 pi + ln det S (full, tied)
  std::vector<T> centre_;                       ///< K x D, about which scatter is taken, less origin
};

}  // namespace shoal
