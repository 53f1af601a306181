// The library as a caller uses it: rows from memory or files, fits, models that are saved, loaded and applied.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "shoal/core/error.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/model/kmedians/kmedians.hpp"
#include "shoal/run/fitted.hpp"
#include "shoal/run/start_model.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

constexpr std::size_t d = 3;

/// This rank's part where rank r has a share of r + 1, or (backwards) of size - r; rank 1 of three has none.
MemoryRows part_of(const Communicator& comm, const std::vector<double>& values, const std::vector<double>& weights,
                   bool backwards) {
  const auto n = values.size() / d;
  const auto share = [&](int rank) -> std::size_t {
    if (comm.size() == 3 && rank == 1) return 0;
    return static_cast<std::size_t>(backwards ? comm.size() - rank : rank + 1);
  };
  std::size_t before = 0, all = 0;
  for (int rank = 0; rank < comm.size(); ++rank) {
    if (rank < comm.rank()) before += share(rank);
    all += share(rank);
  }
  const std::size_t first = n * before / all, last = n * (before + share(comm.rank())) / all;
  MemoryRows rows{std::span(values).subspan(first * d, (last - first) * d), d, {}, {}};
  if (!weights.empty()) rows.weights = std::span(weights).subspan(first, last - first);
  return rows;
}

RunOptions options_for(const std::string& family) {
  RunOptions options{ModelOptions(family, 3)};
  options.fit.want_labels = true;
  options.fit.max_iterations = 20;
  return options;
}

Fitted fit_memory(const Communicator& comm, const std::string& family, const std::vector<double>& values,
                  const std::vector<double>& weights = {}, bool backwards = false) {
  RunOptions options = options_for(family);
  const Rows rows = read_rows(comm, part_of(comm, values, weights, backwards), options);
  return fit(rows, options);
}

void expect_same(const ModelFile& a, const ModelFile& b) {
  EXPECT_TRUE(same_bits(a.history, b.history));
  EXPECT_EQ(a.options, b.options);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  for (const NamedArray& array : a.parameters) {  // files have them in another order
    const NamedArray* other = find(b.parameters, array.name);
    ASSERT_NE(other, nullptr) << array.name;
    EXPECT_EQ(array.shape, other->shape);
    EXPECT_TRUE(same_bits(array.values, other->values)) << array.name;
  }
}

std::vector<double> counts(std::size_t n) {
  std::vector<double> values = test::normal_rows(n, d, 3, 3, 4);
  for (double& value : values) value = std::floor(std::abs(value));
  return values;
}

TEST(Library, MemoryGivesTheSameBitsHoweverRowsAreSpread) {
  const std::vector<double> reals = test::normal_rows(3000, d, 3, 3, 4), whole = counts(3000);
  std::vector<double> bits = whole, weights;
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = whole[i] > 3 ? 1 : 0;
  for (std::size_t i = 0; i < 3000; ++i) weights.push_back(static_cast<double>(i % 3));
  for (const Family* family : families()) {
    const std::vector<double>& values = family->rows.values == Values::bits                             ? bits
                                        : family->rows.coded() || family->rows.values == Values::counts ? whole
                                                                                                        : reals;
    const std::string name(family->name);
    SCOPED_TRACE(name);
    const Fitted alone = fit_memory(Communicator::self(), name, values, weights);
    EXPECT_NE(alone.model.options.find("\nrow-weights = \"xxh3:"), std::string::npos) << alone.model.options;
    expect_same(alone.model, fit_memory(world(), name, values, weights).model);
    expect_same(alone.model, fit_memory(world().with_message_limit(500), name, values, weights, true).model);
  }
}

TEST(Library, RowsInMemoryMayHaveNoise) {
  const std::vector<double> values = test::normal_rows(1200, d, 3, 3, 4);
  std::vector<double> sd;
  for (std::size_t i = 0; i < values.size(); ++i) sd.push_back(0.1 + 0.05 * static_cast<double>(i % 11));
  const std::vector<double> one = {0.2, 0.3, 0.4};
  const auto fitted = [&](const Communicator& comm, bool each, bool backwards) {
    RunOptions options = options_for("gaussian");
    MemoryRows memory = part_of(comm, values, {}, backwards);
    const auto first = static_cast<std::size_t>(memory.values.data() - values.data());
    memory.noise = each ? std::span(sd).subspan(first, memory.values.size()) : std::span(one);
    const Rows rows = read_rows(comm, memory, options);
    return fit(rows, options).model;
  };
  const ModelFile plain = fit_memory(Communicator::self(), "gaussian", values).model;
  for (const bool each : {true, false}) {
    const ModelFile alone = fitted(Communicator::self(), each, false);
    EXPECT_NE(alone.options.find("\nnoise = \"sum:"), std::string::npos) << alone.options;
    EXPECT_LT(find(alone.parameters, "covariances")->values[0], find(plain.parameters, "covariances")->values[0]);
    expect_same(alone, fitted(world(), each, false));
    expect_same(alone, fitted(world(), each, true));
  }
  RunOptions options = options_for("kmeans");
  MemoryRows memory = part_of(world(), values, {}, false);
  memory.noise = one;
  EXPECT_THROW(read_rows(world(), memory, options), Error);
}

TEST(Library, MemoryMayKnowMoreLevelsThanItHas) {
  std::vector<double> values = counts(300);
  for (double& value : values) value = std::min(value, 2.0);
  const std::vector<std::int64_t> levels = {3, 5, 4};
  RunOptions options = options_for("categorical");
  MemoryRows memory = part_of(world(), values, {}, false);
  memory.levels = levels;
  const Rows rows = read_rows(world(), memory, options);
  EXPECT_EQ(find(fit(rows, options).model.parameters, "level_offsets")->values, (std::vector<double>{0, 3, 8, 12}));
}

TEST(Library, LevelsThatNoRowHasAreNoParameters) {
  std::vector<double> values = counts(300), weights(300, 0.5);
  for (double& value : values) value = std::min(value, 2.0);
  values[3 * 17 + 1] = 9, weights[17] = 0;  // in a row that does not count
  for (std::size_t i = 0; i < 300; ++i) values[3 * i + 2] += 1;
  RunOptions options = options_for("categorical");
  MemoryRows memory = part_of(world(), values, weights, true);
  memory.levels = {4, 10, 5};
  Rows rows = read_rows(world(), memory, options);
  rows.feature_names = {"a", "b", "c"};
  rows.level_names = {{0, {"u", "v", "w", "x"}}};
  const Fitted fitted = fit(rows, options);
  EXPECT_EQ(fitted.model.n_parameters, 2 + 3 * 3 * (3 - 1));
  ASSERT_EQ(fitted.warnings.size(), 1U);
  EXPECT_NE(fitted.warnings[0].find(": 3 (x) of a; 3, 4, 5 and 4 more of b; 0, 4 of c (codes count from 0"),
            std::string::npos)
      << fitted.warnings[0];
  EXPECT_EQ(fitted.model.level_names, rows.level_names);
}

/// A folder of all ranks.
class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "shoal-library-XXXXXX").string();
    if (world().is_root()) static_cast<void>(mkdtemp(name.data()) == nullptr);
    world().broadcast(name);
    folder_ = name;
  }
  ~Files() override {
    world().barrier();
    if (world().is_root()) std::filesystem::remove_all(folder_);
  }
  std::string folder_;
};

TEST_F(Files, AModelIsSavedLoadedAndApplied) {
  const std::vector<double> values = test::normal_rows(2000, d, 3, 3, 4);
  const Fitted fitted = fit_memory(world(), "gaussian", values);
  save(world(), fitted.model, folder_ + "/model.h5");
  EXPECT_THROW(save(world(), fitted.model, folder_ + "/model.h5"), Error);
  const ModelFile model = load(world(), folder_ + "/model.h5");
  expect_same(fitted.model, model);
  save(world(), model, folder_ + "/again.h5");
  expect_same(model, load(world(), folder_ + "/again.h5"));
  EXPECT_NE(model.options.find("\ntolerance = 1e-07\n"), std::string::npos) << model.options;
  const Rows rows = read_rows(world(), part_of(world(), values, {}, true), reading_for(model, "model"));
  const Prediction found = predict(rows, model, {true, true, true});
  EXPECT_EQ(found.labels, fitted.result.labels);
  EXPECT_TRUE(same_bits({found.objective}, {fitted.result.objective}));
  EXPECT_EQ(found.responsibilities.size(), 3 * found.labels.size());
}

TEST_F(Files, AFitGoesOnFromAFileOfItsParameters) {
  const std::vector<double> values = test::normal_rows(2000, d, 3, 3, 4);
  save(world(), fit_memory(world(), "kmeans", values).model, folder_ + "/start.h5");
  RunOptions options = options_for("kmeans");
  options.start.file = {folder_ + "/start.h5", ""};
  const Rows rows = read_rows(world(), part_of(world(), values, {}, false), options);
  const Fitted again = fit(rows, options);
  EXPECT_EQ(again.model.n_iterations, 0);
  EXPECT_EQ(again.model.stop_reason, "fixed_point");
}

TEST(Library, TwoFitsLiveInOneProcess) {
  const std::vector<double> values = test::normal_rows(2000, d, 3, 3, 4);
  const Communicator copy = world().duplicate();
  RunOptions options = options_for("kmedians");
  RunOptions other = options;
  other.model.of<KMediansOptions>().center = Center::geometric;
  const Rows rows = read_rows(world(), part_of(world(), values, {}, false), options);
  const Rows others = read_rows(copy, part_of(copy, values, {}, true), other);
  const std::string alone[] = {fit(rows, options).model.options, fit(others, other).model.options};
  on_rows(rows, [&](auto& pass) {  // both under way at once, pass by pass
    const auto one = ModelStarter(options, pass).start(0), two = ModelStarter(other, pass).start(0);
    for (int i = 0; i < 3; ++i)
      for (const auto& model : {one.get(), two.get()})
        model->maximise(pass.reduce(model->statistics(false),
                                    [&](const auto& block, Statistics& sums) { model->expect(block, sums, {}); }),
                        pass);
    EXPECT_NE(one->parameters()[0].values, two->parameters()[0].values);
  });
  EXPECT_NE(alone[0], alone[1]);
}

TEST(Library, TheOrderOfCallsIsAsserted) {
  const std::vector<double> values = test::normal_rows(100, d, 3, 1, 1);
  RunOptions options = options_for("kmeans");
  const Rows rows = read_rows(world(), part_of(world(), values, {}, false), options);
  on_rows(rows, [&]<class Row>(RowPass<Row>& pass) {
    const auto model = make_model<Row>(options.model, {d, pass.source().coding});
    EXPECT_THROW(model->start({}, {}, pass), std::logic_error);
    EXPECT_THROW(model->maximise({}, pass), std::logic_error);
    EXPECT_THROW(model->end_fit(), std::logic_error);
    model->begin_fit(pass, {});
    EXPECT_THROW(model->begin_fit(pass, {}), std::logic_error);
    model->end_fit();
  });
}

TEST(Library, CodesAreHeldForANumberOfClusters) {
  const std::vector<double> values = counts(300);
  RunOptions options = options_for("categorical");
  const Rows rows = read_rows(world(), part_of(world(), values, {}, false), options);
  options.model.n_clusters = 4;
  EXPECT_THROW(fit(rows, options), std::logic_error);
}

TEST(Library, RowsThatCannotBeUsedAreNamed) {
  std::vector<double> values = counts(300);
  values[d * 207 + 1] = 2.5;
  RunOptions options = options_for("poisson");
  try {
    read_rows(world(), part_of(world(), values, {}, false), options);
    ADD_FAILURE() << "a fraction was read as a count";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_NE(std::string(error.what()).find("memory:rows: row 207, column 1: 2.5"), std::string::npos) << error.what();
  }
  RunOptions many{ModelOptions("kmeans", 301)};
  const Rows few = read_rows(world(), part_of(world(), counts(300), {}, false), many);
  EXPECT_THROW(fit(few, many), Error);
  EXPECT_THROW(fit(few, RunOptions{ModelOptions("kmeans", 0)}), Error);
  EXPECT_THROW(fit(few, RunOptions{ModelOptions("poisson", 3)}), std::logic_error);  // as what they were not checked
  RunOptions codes = options_for("categorical");
  MemoryRows unlike = part_of(world(), counts(300), {}, false);
  unlike.levels = {99, 0, 99};
  EXPECT_THROW(read_rows(world(), unlike, codes), Error);
  const MemoryRows ragged{std::span(values).first(4), d, {}, {}};
  EXPECT_THROW(read_rows(world(), ragged, options), Error);
}

}  // namespace
}  // namespace shoal
