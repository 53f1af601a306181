// Clusters rows that the program's own memory holds; each rank has made its own:  mpirun -n 4 fit_memory
#include <cstdio>
#include <shoal/comm/environment.hpp>
#include <shoal/core/random.hpp>
#include <shoal/run/fitted.hpp>
#include <vector>

int main(int argc, char** argv) {
  const shoal::Environment mpi = shoal::Environment::where_launched(argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();

  std::vector<double> mine;  // rows of two features, around (0, 0), (10, 0), (0, 10) in turn
  for (int row = 0; row < 1000; ++row) {
    const auto number = static_cast<std::uint64_t>(comm.rank() * 1000 + row);
    const auto [u, v] = shoal::random_uniforms(1, shoal::Stream::sample_value, 0, number);
    mine.insert(mine.end(), {u + (number % 3 == 1 ? 10 : 0), v + (number % 3 == 2 ? 10 : 0)});
  }

  shoal::RunOptions options(shoal::ModelOptions("kmeans", 3));
  options.fit.want_labels = true;
  const shoal::Rows rows = shoal::read_rows(comm, shoal::MemoryRows{mine, 2, {}, {}}, options);
  const shoal::Fitted fitted = shoal::fit(rows, options);
  if (comm.is_root())
    for (std::size_t k = 0; k < 3; ++k)
      std::printf("cluster %zu: %.0f rows around (%.2f, %.2f)\n", k, fitted.result.counts[k],
                  fitted.model.parameters[0].values[2 * k], fitted.model.parameters[0].values[2 * k + 1]);
}
