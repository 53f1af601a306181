#include "shoal/comm/block_reduce.hpp"

#include <algorithm>
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

/// Every rank adds up one segment of the sums for all, along the same tree: each rank's nodes travel once, cut in
/// segments, and the totals come back together. The volume is that of an all-reduce where a rank has one node.
Statistics reduce_by_segments(const Communicator& comm, const BlockForest& mine, std::span<const std::int64_t> borders,
                              const Statistics& zero) {
  const std::size_t n = zero.sums.size();
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto first_of = [&](std::size_t rank) { return n * rank / ranks; };
  const auto length_of = [&](std::size_t rank) { return first_of(rank + 1) - first_of(rank); };
  const auto bytes_in = [](std::size_t numbers) { return static_cast<int>(numbers * sizeof(double)); };
  const std::size_t own = length_of(static_cast<std::size_t>(comm.rank()));

  std::vector<BlockForest::Node> nodes;  // of all ranks, in order
  std::vector<int> outgoing_bytes, incoming_bytes, segment_bytes;
  std::vector<double> outgoing;
  outgoing.reserve(mine.nodes().size() * n);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::vector<BlockForest::Node> theirs = nodes_over(borders[rank], borders[rank + 1]);
    nodes.insert(nodes.end(), theirs.begin(), theirs.end());
    for (const BlockForest::Node& node : mine.nodes()) {
      const double* segment = node.sums.sums.data() + first_of(rank);
      outgoing.insert(outgoing.end(), segment, segment + length_of(rank));
    }
    outgoing_bytes.push_back(bytes_in(mine.nodes().size() * length_of(rank)));
    incoming_bytes.push_back(bytes_in(theirs.size() * own));
    segment_bytes.push_back(bytes_in(length_of(rank)));
  }
  std::vector<double> incoming(nodes.size() * own);
  comm.exchange(std::as_bytes(std::span(outgoing)), outgoing_bytes, bytes_of(incoming), incoming_bytes);

  BlockForest forest;
  auto segment = incoming.begin();
  for (BlockForest::Node& node : nodes) {
    node.sums.sums.assign(segment, segment + static_cast<std::ptrdiff_t>(own));
    segment += static_cast<std::ptrdiff_t>(own);
    forest.push_node(std::move(node));
  }
  const Statistics own_total = std::move(forest).total(Statistics(own, 0));
  Statistics total = zero;
  comm.gather(std::as_bytes(std::span(own_total.sums)), segment_bytes, bytes_of(total.sums));
  for (const BlockForest::Node& node : mine.nodes())
    for (std::size_t i = 0; i < total.counts.size(); ++i) total.counts[i] += node.sums.counts[i];
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
  if (comm.size() == 1 || zero.bytes() < small || largest > std::min(most, Communicator::message_limit))
    return reduce_by_tree(comm, std::move(mine), zero);
  return reduce_by_segments(comm, mine, borders, zero);
}

}  // namespace shoal
