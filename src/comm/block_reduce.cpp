#include "shoal/comm/block_reduce.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace shoal {
namespace {

template <class T>
std::span<std::byte> bytes_of(std::vector<T>& values) {
  return std::as_writable_bytes(std::span(values));
}

void send_forest(const Communicator& comm, BlockForest&& forest, int destination) {
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(forest.nodes().size())};
  comm.send(bytes_of(shape), destination);
  for (const BlockForest::Node& node : forest.nodes()) {
    std::vector<std::int64_t> place = {node.level, node.index};
    comm.send(bytes_of(place), destination);
    comm.send(std::as_bytes(std::span(node.sums.sums)), destination);
    comm.send(std::as_bytes(std::span(node.sums.counts)), destination);
  }
}

BlockForest receive_forest(const Communicator& comm, const Statistics& zero, int source) {
  BlockForest forest;
  std::vector<std::int64_t> shape(1);
  comm.receive(bytes_of(shape), source);
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    std::vector<std::int64_t> place(2);
    comm.receive(bytes_of(place), source);
    BlockForest::Node node{static_cast<int>(place[0]), place[1], zero};
    comm.receive(bytes_of(node.sums.sums), source);
    comm.receive(bytes_of(node.sums.counts), source);
    forest.push_node(std::move(node));
  }
  return forest;
}

/// The forests travel up a binary tree of ranks, and the total back: few messages, for small statistics.
Statistics reduce_by_tree(const Communicator& comm, BlockForest&& mine, const Statistics& zero) {
  for (int width = 1; width < comm.size(); width *= 2) {
    if (comm.rank() % (2 * width) != 0) {
      send_forest(comm, std::move(mine), comm.rank() - width);
      break;
    }
    if (comm.rank() + width < comm.size()) mine.append(receive_forest(comm, zero, comm.rank() + width));
  }
  Statistics total = comm.is_root() ? std::move(mine).total(zero) : zero;
  comm.broadcast(bytes_of(total.sums));
  comm.broadcast(bytes_of(total.counts));
  return total;
}

/// The nodes of the forest over blocks first .. last: the largest complete subtrees from left to right.
std::vector<BlockForest::Node> nodes_over(std::int64_t first, std::int64_t last) {
  std::vector<BlockForest::Node> nodes;
  while (first < last) {
    int level = 0;
    while (first % (std::int64_t{2} << level) == 0 && first + (std::int64_t{2} << level) <= last) ++level;
    nodes.push_back({level, first >> level, {}});
    first += std::int64_t{1} << level;
  }
  return nodes;
}

/// A node's share of one segment, in a buffer of many.
struct SegmentNode {
  int level;
  std::int64_t index;
  double* values;
};

/// The total of the nodes of a whole forest, in order, by the tree of BlockForest::push_node and total; n >= 1 values
/// each, which are used up.
double* total_in_place(const std::vector<SegmentNode>& all, std::size_t n) {
  const auto add = [n](double* left, const double* right) {
    for (std::size_t i = 0; i < n; ++i) left[i] += right[i];
  };
  std::vector<SegmentNode> nodes;
  for (SegmentNode node : all) {
    while (!nodes.empty() && (node.index & 1) != 0 && nodes.back().level == node.level &&
           nodes.back().index == node.index - 1) {
      add(nodes.back().values, node.values);
      node = {node.level + 1, node.index / 2, nodes.back().values};
      nodes.pop_back();
    }
    nodes.push_back(node);
  }
  for (std::size_t i = nodes.size() - 1; i > 0; --i) add(nodes[i - 1].values, nodes[i].values);
  return nodes.front().values;
}

/// Where each rank's segment of n sums begins, and the end.
std::vector<std::size_t> segment_borders(std::size_t n, std::size_t ranks) {
  std::vector<std::size_t> borders;
  for (std::size_t rank = 0; rank <= ranks; ++rank) borders.push_back(n * rank / ranks);
  return borders;
}

/// The sums of all nodes, cut in segments: what goes to each rank side by side. Where there is one node that is how it
/// lies already, and `copy` stays empty.
std::span<const double> by_segment(const BlockForest& mine, std::span<const std::size_t> segments,
                                   std::vector<double>& copy) {
  if (mine.nodes().size() == 1) return mine.nodes().front().sums.sums;
  copy.reserve(mine.nodes().size() * segments.back());
  for (std::size_t rank = 0; rank + 1 < segments.size(); ++rank)
    for (const BlockForest::Node& node : mine.nodes())
      copy.insert(copy.end(), node.sums.sums.data() + segments[rank], node.sums.sums.data() + segments[rank + 1]);
  return copy;
}

/// Every rank adds up one segment of the sums for all, along the same tree: each rank's nodes travel once, cut in
/// segments, and the totals come back together. The volume is that of an all-reduce where a rank has one node.
Statistics reduce_by_segments(const Communicator& comm, BlockForest&& mine, std::span<const std::int64_t> borders,
                              const Statistics& zero) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const std::vector<std::size_t> segments = segment_borders(zero.sums.size(), ranks);
  const auto length_of = [&](std::size_t rank) { return segments[rank + 1] - segments[rank]; };
  const auto bytes_in = [](std::size_t numbers) { return static_cast<int>(numbers * sizeof(double)); };
  const std::size_t own = length_of(static_cast<std::size_t>(comm.rank()));

  std::vector<SegmentNode> nodes;  // of all ranks, in order
  std::vector<int> outgoing_bytes, incoming_bytes, segment_bytes;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::vector<BlockForest::Node> theirs = nodes_over(borders[rank], borders[rank + 1]);
    for (const BlockForest::Node& node : theirs) nodes.push_back({node.level, node.index, nullptr});
    outgoing_bytes.push_back(bytes_in(mine.nodes().size() * length_of(rank)));
    incoming_bytes.push_back(bytes_in(theirs.size() * own));
    segment_bytes.push_back(bytes_in(length_of(rank)));
  }
  const auto incoming = std::make_unique_for_overwrite<double[]>(nodes.size() * own);
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].values = incoming.get() + i * own;
  std::vector<double> copy;
  comm.exchange(std::as_bytes(by_segment(mine, segments, copy)), outgoing_bytes,
                std::as_writable_bytes(std::span(incoming.get(), nodes.size() * own)), incoming_bytes);

  Statistics total = mine.nodes().empty() ? zero : std::move(mine).first();  // room for what comes back
  for (const BlockForest::Node& node : mine.nodes())
    for (std::size_t i = 0; i < total.counts.size(); ++i) total.counts[i] += node.sums.counts[i];
  comm.gather(std::as_bytes(std::span(total_in_place(nodes, own), own)), segment_bytes, bytes_of(total.sums));
  if (!total.counts.empty()) comm.sum(total.counts);
  return total;
}

}  // namespace

void BlockForest::push_node(Node&& node) {
  while (!nodes_.empty() && (node.index & 1) != 0 && nodes_.back().level == node.level &&
         nodes_.back().index == node.index - 1) {
    Node left = std::move(nodes_.back());
    nodes_.pop_back();
    left.sums += node.sums;
    node = Node{left.level + 1, left.index / 2, std::move(left.sums)};
  }
  nodes_.push_back(std::move(node));
}

void BlockForest::push(std::int64_t block, Statistics&& sums) { push_node(Node{0, block, std::move(sums)}); }

void BlockForest::append(BlockForest&& right) {
  for (Node& node : right.nodes_) push_node(std::move(node));
  right.nodes_.clear();
}

Statistics BlockForest::first() && {
  Statistics sums = std::move(nodes_.front().sums);
  nodes_.erase(nodes_.begin());
  return sums;
}

Statistics BlockForest::total(const Statistics& zero) && {
  if (nodes_.empty()) return zero;
  Statistics sum = std::move(nodes_.back().sums);  // a ragged right edge moves up the tree unchanged
  nodes_.pop_back();
  while (!nodes_.empty()) {
    nodes_.back().sums += sum;
    sum = std::move(nodes_.back().sums);
    nodes_.pop_back();
  }
  return sum;
}

Statistics reduce_blocks(const Communicator& comm, BlockForest&& mine, std::span<const std::int64_t> borders,
                         const Statistics& zero) {
  constexpr std::size_t small = std::size_t{64} << 10U;
  constexpr std::size_t most = std::size_t{128} << 20U;  // of buffers
  std::size_t most_nodes = 0;
  for (std::size_t rank = 0; rank + 1 < borders.size(); ++rank)
    most_nodes = std::max(most_nodes, nodes_over(borders[rank], borders[rank + 1]).size());
  const std::size_t largest = most_nodes * zero.bytes() * static_cast<std::size_t>(comm.size());
  if (comm.size() == 1 || most_nodes == 0 || zero.bytes() < small || largest > std::min(most, comm.message_limit()))
    return reduce_by_tree(comm, std::move(mine), zero);
  return reduce_by_segments(comm, std::move(mine), borders, zero);
}

}  // namespace shoal
