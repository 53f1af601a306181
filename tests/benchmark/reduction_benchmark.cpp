// Sums over blocks beside MPI_Allreduce: mpirun -n 4 reduction_benchmark [KIB [BLOCKS]]. Every rank owns its share of
// BLOCKS blocks of statistics, KIB each. Prints medians over 50 rounds, both in turn, and what adding an entry costs.
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "shoal/comm/block_sums.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/data/partition.hpp"

namespace {

using Clock = std::chrono::steady_clock;

template <class F>
double seconds(F&& work) {
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  work();
  MPI_Barrier(MPI_COMM_WORLD);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const shoal::Environment environment(argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();
  const std::size_t numbers = (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1024) * 128;
  const std::int64_t blocks = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 1024;
  const shoal::Partition partition{blocks, blocks};
  const shoal::Range mine = partition.blocks_of(comm.rank(), comm.size());
  std::vector<double> ours, theirs, adding;
  shoal::Statistics total;
  std::vector<double> plain(numbers);
  for (int round = 0; round < 50; ++round) {
    shoal::BlockSums sums(shoal::SumLayout{numbers}, blocks);
    std::vector<double> block(numbers);
    for (std::int64_t b = mine.first; b < mine.last; ++b) {
      std::fill(block.begin(), block.end(), static_cast<double>(b));
      const auto start = Clock::now();
      sums.add(block);
      if (b > mine.first) adding.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    ours.push_back(seconds([&] { total = std::move(sums).total(comm); }));
    std::fill(plain.begin(), plain.end(), static_cast<double>(comm.rank()));
    theirs.push_back(seconds([&] {
      MPI_Allreduce(MPI_IN_PLACE, plain.data(), static_cast<int>(numbers), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    }));
  }
  const bool right = total.sums[0] == static_cast<double>(blocks * (blocks - 1) / 2);
  if (comm.is_root())
    std::printf("ranks,%d,KiB,%zu,blocks,%ld,total_s,%.6f,MPI_Allreduce_s,%.6f,ratio,%.2f,add_ns_an_entry,%.2f,%s\n",
                comm.size(), numbers / 128, static_cast<long>(blocks), median(ours), median(theirs),
                median(ours) / median(theirs), 1e9 * median(adding) / static_cast<double>(numbers),
                right ? "right" : "WRONG");
  return right ? 0 : 1;
}
