// Fits a Gaussian mixture with diagonal covariances to an HDF5 file:  mpirun -n 4 fit_file data.h5 3 model.h5
#include <cstdio>
#include <cstdlib>
#include <shoal/comm/environment.hpp>
#include <shoal/model/gaussian/options.hpp>
#include <shoal/run/fitted.hpp>

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: fit_file DATA.h5 K MODEL.h5\n"), 64;
  const shoal::Environment mpi = shoal::Environment::where_launched(argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();

  shoal::RunOptions options(shoal::ModelOptions("gaussian", std::strtoul(argv[2], nullptr, 10)));
  options.model.of<shoal::GaussianOptions>().covariance = shoal::Covariance::diag;
  const shoal::Rows rows = shoal::read_rows(comm, std::vector<std::string>{argv[1]}, options);
  const shoal::Fitted fitted = shoal::fit(rows, options);
  shoal::save(comm, fitted.model, argv[3]);

  if (comm.is_root())
    std::printf("log-likelihood %.6f after %ld iterations (%s)\n", fitted.model.log_likelihood,
                static_cast<long>(fitted.model.n_iterations), fitted.model.stop_reason.c_str());
}
