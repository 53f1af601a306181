// Assigns the rows of an HDF5 file to the clusters of a model:  mpirun -n 4 apply_model model.h5 data.h5
#include <cstdio>
#include <shoal/comm/environment.hpp>
#include <shoal/core/error.hpp>
#include <shoal/run/fitted.hpp>

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: apply_model MODEL.h5 DATA.h5\n"), 64;
  const shoal::Environment mpi = shoal::Environment::where_launched(argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();
  try {
    const shoal::ModelFile model = shoal::load(comm, argv[1]);
    const shoal::Rows rows =
        shoal::read_rows(comm, std::vector<std::string>{argv[2]}, shoal::reading_for(model, argv[1]));
    const shoal::Prediction found = shoal::predict(rows, model);
    for (int rank = 0; rank < comm.size(); ++rank, comm.barrier())  // each rank has the labels of its own rows
      if (rank == comm.rank())
        for (const int label : found.labels) std::printf("%d\n", label), std::fflush(stdout);
  } catch (const shoal::Error& error) {  // thrown by all ranks alike
    if (comm.is_root()) std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
