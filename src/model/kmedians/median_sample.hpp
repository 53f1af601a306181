/// Where the medians of many rows probably are, from some of them.
#pragma once

#include <cstdint>
#include <span>

#include "model/kmedians/median_rounds.hpp"

namespace shoal {

/// Every n-th row of all ranks, gathered; the same on every rank. Collective.
template <class T>
class MedianSample {
 public:
  MedianSample(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
               std::size_t n_clusters, const std::vector<bool>& left_out, std::size_t byte_budget);

  /// Too few rows to be worth a sample.
  [[nodiscard]] bool empty() const { return brackets_.low.empty(); }

  /// Four standard deviations of the sample's median to either side, or two where what they hold is too much to list;
  /// all values where a cluster has few rows in the sample.
  [[nodiscard]] const TriedBrackets<T>& brackets() const { return brackets_; }
  [[nodiscard]] bool can_list() const { return can_list_; }

  /// The part of all values that lies in its bracket, about.
  [[nodiscard]] double share_inside() const { return share_inside_; }

 private:
  struct Rows;
  void find(const Rows& rows, std::size_t k, bool weighted, double deviations, std::vector<T>& found) const;

  const std::vector<bool>& left_out_;
  TriedBrackets<T> brackets_;
  double share_inside_ = 0;
  bool can_list_ = false;
};

}  // namespace shoal
