#include "shoal/comm/block_reduce.hpp"

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

Statistics reduce_blocks(const Communicator& comm, BlockForest&& mine, const Statistics& zero) {
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

}  // namespace shoal
