// The pruned search of k-means and k-medians against the plain one, bit for bit, in every iteration of a fit.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "shoal/model/family.hpp"
#include "shoal/model/kmedians/kmedians.hpp"
#include "shoal/model/nearest_bounds.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

struct Data {
  std::string name;
  std::size_t d;
  std::vector<double> values;
  bool integers = false;  ///< distances are exact
};

std::vector<Data> all_data() {
  std::vector<Data> all;
  for (const std::size_t d : {1U, 8U, 9U, 70U}) {
    const std::size_t n = 400;
    std::mt19937_64 generator(d);
    std::normal_distribution<double> normal;
    all.push_back({"groups", d, test::normal_rows(n, d, 1, 9, 3)});
    all.push_back({"one cloud", d, test::normal_rows(n, d, 2, 1, 0)});
    Data integers{"integers", d, {}, true}, far{"far from zero", d, {}}, tiny{"squares underflow", d, {}};
    Data beyond{"some beyond floats", d, {}}, huge{"squares overflow", d, {}}, copies{"copies", d, {}, true},
        outliers{"outliers", d, {}}, tight{"tight, but far apart", d, {}}, coarse{"tight, for floats", d, {}};
    for (std::size_t i = 0; i < n * d; ++i) {
      const double x = normal(generator);
      integers.values.push_back(std::round(2 * x));
      far.values.push_back(1e8 + x);
      tiny.values.push_back(1e-160 * x);
      huge.values.push_back(1e153 * x);
      beyond.values.push_back((i / d % 7 == 0 ? 3.39e38 : 3.405e38) + 1e35 * x);  // the rows to start from are floats
      copies.values.push_back(static_cast<double>(i / d % 5 + i % d % 2));
      outliers.values.push_back(i / d % 100 == 0 ? 1e12 * x : x);
      const double side = i / d % 2 == 0 ? 1 : -1;  // no origin is near to all centres, which then lie on a coarse grid
      tight.values.push_back(side * 1e12 + 4e-4 * x);
      coarse.values.push_back(side * 1e3 + 2e-4 * x);
    }
    for (Data* data : {&integers, &far, &tiny, &huge, &beyond, &copies, &outliers, &tight, &coarse})
      all.push_back(std::move(*data));
    all.push_back({"constant", d, std::vector<double>(n * d, 3.5)});
  }
  return all;
}

/// Labels, objective and cluster weights of a pass.
struct Assignment {
  std::vector<std::int32_t> labels;
  std::vector<double> sums;
  bool operator==(const Assignment& other) const { return labels == other.labels && same_bits(sums, other.sums); }
};

template <class T>
Assignment assign(const Model<T>& model, const RowPass<T>& pass, Statistics* all = nullptr) {
  Assignment found;
  found.labels.resize(pass.source().n_rows());
  const Statistics sums = pass.reduce(model.statistics(false), [&](const RowBlock<T>& block, Statistics& mine) {
    model.expect(block, mine, {found.labels.data() + block.first_local, nullptr, nullptr});
  });
  found.sums.assign(sums.sums.begin(), sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(model.n_clusters()));
  if (all != nullptr) *all = sums;
  return found;
}

/// Where a fit that begins at a model's parameters moves the centres first.
template <class T>
std::vector<double> centres_of_a_fresh_fit(const ModelOptions& options, const Model<T>& model, const RowPass<T>& pass) {
  const auto fresh = make_model<T>(options, {pass.source().n_features, {}});
  fresh->begin_fit(pass, {});
  fresh->set_parameters(model.parameters(), "test");
  Statistics sums = fresh->statistics(false);
  assign(*fresh, pass, &sums);
  fresh->maximise(sums, pass);
  return fresh->parameters()[0].values;
}

/// The lowest of the nearest centres of a row, by a plain loop.
template <class T>
std::int32_t brute_force(const T* row, const std::vector<double>& centres, std::size_t d, bool manhattan) {
  double least = std::numeric_limits<double>::infinity();
  std::int32_t label = 0;
  for (std::size_t k = 0; k < centres.size() / d; ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double difference = static_cast<double>(row[j]) - centres[k * d + j];
      sum += manhattan ? std::abs(difference) : difference * difference;
    }
    if (sum < least) least = sum, label = static_cast<std::int32_t>(k);
  }
  return label;
}

template <class T>
void expect_plain_results(const Data& data, const ModelOptions& options, const std::vector<double>& weights) {
  std::vector<T> values;
  for (const double x : data.values) values.push_back(static_cast<T>(x));
  const auto shard = test::shard_of(world(), values, data.d, weights, 60);
  const DataSummary summary = test::summary_of(values, data.d, weights);
  const RowPass<T> pass(shard, world(), 1, summary);
  const auto model = make_model<T>(options, {data.d, {}});
  model->begin_fit(pass, {});
  NamedArray start{options.family().name == "kmeans" ? "means" : "medians", {options.n_clusters, data.d}, {}};
  for (std::size_t i = 0; i < options.n_clusters * data.d; ++i)  // rows of the data: some may be equal
    start.values.push_back(static_cast<double>(values[i / data.d * 7 * data.d + i % data.d]));
  model->set_parameters({start}, "test");
  bool exact =
      data.integers && options.family().name == "kmedians" && options.of<KMediansOptions>().center == Center::median;
  for (int iteration = 0; iteration < 5; ++iteration) {
    ModelOptions now = options;
    now.n_clusters = model->n_clusters();
    const auto plain = make_model<T>(now, {data.d, {}});
    plain->set_parameters(model->parameters(), "test");
    Statistics sums = model->statistics(false);
    const Assignment found = assign(*model, pass, &sums);
    ASSERT_EQ(found, assign(*plain, pass)) << data.name << ", " << data.d << " features, iteration " << iteration;
    ASSERT_EQ(found, assign(*model, pass)) << "a second pass, " << data.name;
    const std::vector<double> centres = model->parameters()[0].values;
    for (std::size_t r = 0; exact && r < shard.n_rows(); ++r)
      ASSERT_EQ(found.labels[r], brute_force(shard.values.data() + r * data.d, centres, data.d, true)) << data.name;
    if (!std::isfinite(model->objective(sums))) break;
    std::vector<double> fresh;
    if (iteration % 2 == 0) fresh = centres_of_a_fresh_fit<T>(now, *model, pass);
    const bool moved = model->maximise(sums, pass);
    ASSERT_TRUE(fresh.empty() || same_bits(model->parameters()[0].values, fresh))
        << "a restart goes elsewhere, " << data.name;
    if (!moved) break;
  }
}

void expect_plain_results(const ModelOptions& options) {
  for (const Data& data : all_data()) {
    std::vector<double> weights;
    for (std::size_t i = 0; i < data.values.size() / data.d; ++i) weights.push_back(static_cast<double>(i % 4) / 2);
    expect_plain_results<double>(data, options, {});
    if (data.integers || data.name == "groups") expect_plain_results<double>(data, options, weights);
    if (std::abs(data.values[0]) < 1e30) expect_plain_results<float>(data, options, {});
  }
}

class HardSearch : public testing::TestWithParam<std::size_t> {};

TEST_P(HardSearch, KMeans) {
  ModelOptions options("kmeans", GetParam());
  expect_plain_results(options);
}

TEST_P(HardSearch, KMedians) {
  ModelOptions options("kmedians", GetParam());
  expect_plain_results(options);
}

TEST_P(HardSearch, GeometricMedians) {
  ModelOptions options("kmedians");
  options.of<KMediansOptions>().center = Center::geometric;
  options.n_clusters = GetParam();
  const std::vector<Data> all = all_data();
  for (const Data& data : {all[0], all[14]}) expect_plain_results<double>(data, options, {});
}

TEST_P(HardSearch, DroppedClusters) {
  ModelOptions options("kmeans");
  options.empty_cluster = EmptyCluster::drop;
  options.n_clusters = GetParam();
  for (const Data& data : all_data())
    if (data.integers) expect_plain_results<double>(data, options, {});
}

/// Two centres so far from the origin that a kernel may err by `rounding` (nearest_bounds.cpp) in each distance: that
/// which was found before, and the two that a search would compare now. Seldom does it err so far.
class BoundsFarOut : public testing::Test {
 protected:
  static constexpr float far = 1 << 20U, apart = 40;
  static constexpr float rounding = 4 * std::numeric_limits<float>::epsilon() * far;
  BoundsFarOut() {
    Matrix centres(2, 1);
    centres.values = {far, far + apart};
    bounds_.begin(1, true);
    bounds_.move(Metric::manhattan, centres, centres, std::vector<float>{far, far + apart});
  }
  NearestBounds<float> bounds_;
};

TEST_F(BoundsFarOut, LeaveRoomForThreeRoundingsBeforeTheSecondNearest) {
  bounds_.found(0, 0, 100.0F);
  EXPECT_FALSE(bounds_.proves(0, 0, 100 - 3 * rounding));
  EXPECT_TRUE(bounds_.proves(0, 0, 100 - 8 * rounding));
}

TEST_F(BoundsFarOut, LeaveRoomForThreeRoundingsBeforeHalfTheWay) {
  EXPECT_FALSE(bounds_.proves(0, 0, (apart - 3 * rounding) / 2));
  EXPECT_TRUE(bounds_.proves(0, 0, (apart - 10 * rounding) / 2));
}

INSTANTIATE_TEST_SUITE_P(Clusters, HardSearch, testing::Values(2U, 12U, 40U));

}  // namespace
}  // namespace shoal
