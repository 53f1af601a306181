// One EM iteration of Armadillo's gmm_full or gmm_diag, timed: armadillo_peer full|diag X.bin N D start.bin K, both
// files row-major doubles (start: K x D means). Prints seconds an iteration and the mean log-likelihood after it.
#define ARMA_DONT_USE_OPENMP
#include <armadillo>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

arma::mat read(const char* path, arma::uword columns, arma::uword features) {
  arma::mat values(features, columns);  // column-major: a column is a row of the file
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(values.memptr()), static_cast<std::streamsize>(values.n_elem * sizeof(double)));
  return values;
}

template <class Model>
void run(Model& model, const arma::mat& x, const arma::mat& means) {
  const arma::uword k = means.n_cols;
  model.reset(x.n_rows, k);
  model.set_means(means);
  model.set_hefts(arma::rowvec(k, arma::fill::value(1.0 / static_cast<double>(k))));
  double seconds[2] = {};
  for (int iterations : {1, 3}) {  // the difference leaves out what a call costs beside its iterations
    Model copy = model;
    const auto start = std::chrono::steady_clock::now();
    copy.learn(x, k, arma::maha_dist, arma::keep_existing, 0, static_cast<arma::uword>(iterations), 1e-6, false);
    seconds[iterations / 2] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (iterations == 1) std::printf("%.15g ", copy.avg_log_p(x));
  }
  std::printf("%.6g\n", (seconds[1] - seconds[0]) / 2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 64;
  const arma::uword n = std::stoull(argv[3]);
  const arma::uword d = std::stoull(argv[4]);
  const arma::mat x = read(argv[2], n, d);
  const arma::mat means = read(argv[5], std::stoull(argv[6]), d);
  if (std::string(argv[1]) == "full") {
    arma::gmm_full model;
    run(model, x, means);
  } else {
    arma::gmm_diag model;
    run(model, x, means);
  }
}
