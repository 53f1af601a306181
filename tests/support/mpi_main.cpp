// main of the tests, alone without MPI or under mpiexec: every rank runs all tests, and a failure on any rank fails the
// run.
#include <gtest/gtest.h>

#include <array>

#include "shoal/comm/communicator.hpp"
#include "shoal/comm/environment.hpp"
#include "shoal/io/reader_process.hpp"

int main(int argc, char** argv) {
  if (const auto code = shoal::serve_as_reader(argc, argv)) return *code;
  const shoal::Environment environment = shoal::Environment::where_launched(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (!comm.is_root()) {
    // Other ranks speak only when something fails.
    delete listeners.Release(listeners.default_result_printer());
    struct Failures : testing::EmptyTestEventListener {
      void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.failed())
          std::fprintf(stderr, "rank: %s:%d\n%s\n", result.file_name(), result.line_number(), result.message());
      }
    };
    listeners.Append(new Failures);
  }
  std::array<std::int64_t, 1> failed = {RUN_ALL_TESTS()};
  comm.maximum(failed);
  return static_cast<int>(failed[0]);
}
