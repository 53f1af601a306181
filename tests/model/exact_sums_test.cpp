// Sums in fixed point against sums in rational arithmetic by hand, and against themselves by another way.
#include "shoal/model/kmeans/exact_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "shoal/core/named_array.hpp"
#include "shoal/math/target.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

constexpr std::size_t n_clusters = 3;

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// Rows of all ranks and their exact sums, which move from labels to labels.
template <class T>
class Sums {
 public:
  Sums(const std::vector<T>& values, std::size_t d, int threads = 1, const std::vector<double>& weights = {})
      : shard_(test::shard_of(world(), values, d, weights, 16)),
        summary_(test::summary_of(values, d, weights)),
        pass_(shard_, world(), threads, summary_),
        labels_(shard_.n_rows(), -1) {
    sums_.begin(pass_, n_clusters);
  }
  template <class LabelOf>
  void move(LabelOf&& label_of) {
    pass_.for_each_block([&](const RowBlock<T>& block, int) {
      std::vector<RowMove> moves;
      for (std::size_t r = 0; r < block.n_rows; ++r) {
        std::int32_t& label = labels_[block.first_local + r];
        const std::int32_t next = label_of(static_cast<std::size_t>(block.first_row) + r);
        if (next != label) moves.push_back({static_cast<std::uint32_t>(r), label, next});
        label = next;
      }
      sums_.move(block, 0, moves);
    });
    sums_.add_up(pass_);
  }
  [[nodiscard]] std::vector<double> means(const std::vector<double>& sizes) const {
    std::vector<double> means;
    for (std::size_t k = 0; k < n_clusters; ++k)
      for (std::size_t j = 0; j < shard_.n_features; ++j) means.push_back(sums_.mean(k, j, sizes[k]));
    return means;
  }

 private:
  Shard<T> shard_;
  DataSummary summary_;
  RowPass<T> pass_;
  std::vector<std::int32_t> labels_;
  ExactSums<T> sums_;
};

std::int32_t scattered(std::size_t row, std::size_t step) {
  return static_cast<std::int32_t>((row * 7 + row % 5 * step) % n_clusters);
}
std::vector<double> sizes(std::size_t n, std::size_t step) {
  std::vector<double> n_rows(n_clusters, 0.0);
  for (std::size_t i = 0; i < n; ++i) ++n_rows[static_cast<std::size_t>(scattered(i, step))];
  return n_rows;
}

class ExactSumsOf : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_best_target(target_by_name(GetParam())); }
  void TearDown() override { use_best_target(supported_targets()); }
};

/// Values m 2^e of whole m, whose sum a long integer holds.
TEST_P(ExactSumsOf, EqualWholeNumberSums) {
  for (const std::size_t d : {1U, 2U, 3U, 8U, 19U}) {
    constexpr std::size_t n = 200;
    constexpr int exponent = -70;
    std::mt19937_64 generator(d);
    std::vector<std::int64_t> whole(n * d);
    std::vector<double> values(n * d);
    for (std::size_t i = 0; i < n * d; ++i) {
      whole[i] = static_cast<std::int64_t>(generator() >> 11U) >> generator() % 26;  // from 2^53 down
      if (generator() % 2 == 0) whole[i] = -whole[i];
      values[i] = std::ldexp(static_cast<double>(whole[i]), exponent);
    }
    Sums<double> sums(values, d);
    for (const std::size_t step : {0U, 1U, 2U, 1U}) {
      sums.move([&](std::size_t row) { return scattered(row, step); });
      const std::vector<double> n_rows = sizes(n, step), means = sums.means(n_rows);
      for (std::size_t k = 0; k < n_clusters; ++k)
        for (std::size_t j = 0; j < d; ++j) {
          std::int64_t sum = 0;  // below 2^61
          for (std::size_t i = 0; i < n; ++i)
            if (scattered(i, step) == static_cast<std::int32_t>(k)) sum += whole[i * d + j];
          ASSERT_EQ(means[k * d + j], std::ldexp(static_cast<double>(sum) / n_rows[k], exponent)) << d << " features";
        }
    }
  }
}

template <class T>
void expect_no_history(std::size_t d) {
  constexpr std::size_t n = 500;
  const std::vector<double> normal = test::normal_rows(n, d, 5);
  const std::vector<T> values(normal.begin(), normal.end());
  Sums<T> wandering(values, d, 2), fresh(values, d);
  for (std::size_t step = 0; step < 6; ++step) wandering.move([&](std::size_t row) { return scattered(row, step); });
  fresh.move([&](std::size_t row) { return scattered(row, 5); });
  EXPECT_TRUE(same_bits(wandering.means(sizes(n, 5)), fresh.means(sizes(n, 5)))) << d << " features";
}

TEST_P(ExactSumsOf, DependOnTheLastClustersAlone) {
  for (const std::size_t d : {1U, 2U, 7U, 16U}) {
    expect_no_history<double>(d);
    expect_no_history<float>(d);
  }
}

TEST_P(ExactSumsOf, CancelToZero) {
  Sums<double> same({1e300, 0x1p-900, -1e300, 0x1p-900}, 2);
  same.move([](std::size_t) { return 0; });
  EXPECT_TRUE(same_bits(same.means({2, 1, 1}), {0.0, 0x1p-900, 0.0, 0.0, 0.0, 0.0}));
  constexpr double tiny = 0x1.0000000000001p-40;  // its last bit is the last one that there is
  Sums<double> rest({1, tiny, -1}, 1);
  for (const std::int32_t there : {0, 1, 0}) rest.move([&](std::size_t row) { return row == 1 ? there : 0; });
  EXPECT_TRUE(same_bits(rest.means({3, 1, 1}), {tiny / 3, 0.0, 0.0}));
}

/// Sums of the rows of positive weight, each as often as its weight says, by repetition and by weights.
template <class T>
void expect_weights_repeat_rows(const std::vector<T>& values, std::size_t d, int scale) {
  std::vector<double> weights, sizes(n_clusters, 0.0);
  std::vector<T> repeated;
  std::vector<std::int32_t> labels, labels_of_repeated;
  for (std::size_t i = 0; i < values.size() / d; ++i) {
    const std::size_t times = i * i % 4;
    weights.push_back(std::ldexp(static_cast<double>(times), scale));
    labels.push_back(scattered(i, 1));
    sizes[static_cast<std::size_t>(labels[i])] += static_cast<double>(times);
    for (std::size_t t = 0; t < times; ++t) {
      labels_of_repeated.push_back(labels[i]);
      repeated.insert(repeated.end(), values.begin() + static_cast<std::ptrdiff_t>(i * d),
                      values.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
    }
  }
  Sums<T> by_weight(values, d, 2, weights), by_copies(repeated, d);
  for (const std::int32_t there : {1, 0})  // and back
    by_weight.move([&](std::size_t row) { return there == 1 ? there : labels[row]; });
  by_copies.move([&](std::size_t row) { return labels_of_repeated[row]; });
  std::vector<double> weight = sizes;
  for (double& size : weight) size = std::ldexp(size, scale);
  EXPECT_TRUE(same_bits(by_weight.means(weight), by_copies.means(sizes))) << d << " features";
}

TEST_P(ExactSumsOf, AWholeWeightIsAsManyRows) {
  for (const std::size_t d : {1U, 2U, 3U, 8U, 19U}) {
    std::vector<double> values = test::normal_rows(100, d, 7);
    expect_weights_repeat_rows(std::vector<float>(values.begin(), values.end()), d, 0);
    expect_weights_repeat_rows(values, d, 0);
    expect_weights_repeat_rows(values, d, -3);
    for (std::size_t i = 0; i < values.size(); i += 3) values[i] *= i % 2 == 0 ? 1e36 : 1e-30;
    expect_weights_repeat_rows(std::vector<float>(values.begin(), values.end()), d, 0);
    expect_weights_repeat_rows(values, d, 0);
    for (std::size_t i = 0; i < values.size(); i += 5) values[i] *= i % 2 == 0 ? 1e250 : 1e-250;
    expect_weights_repeat_rows(values, d, 5);
  }
}

/// Weights of 53 bits, by long arithmetic: the product of two whole numbers of 53 and 40 bits needs two doubles.
TEST_P(ExactSumsOf, ProductsAreNotRounded) {
  constexpr double weight = 0x1.fffffffffffffp52, x = 0x1.ffffffffffp39;
  Sums<double> sums({x, -x, x, 1}, 1, 1, {weight, weight - 1, 1, 2});
  sums.move([](std::size_t row) { return row < 2 ? 0 : row == 2 ? 1 : 2; });
  EXPECT_TRUE(same_bits(sums.means({1, 1, 2}), {x, x, 1.0}));
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, ExactSumsOf, testing::ValuesIn(target_names(supported_targets())),
                         [](const auto& set) { return set.param; });

TEST(ExactSums, TakeEveryRangeOfNumbers) {
  Sums<double> tiny({5e-324, 5e-324, 0}, 1);
  tiny.move([](std::size_t) { return 0; });
  EXPECT_EQ(tiny.means({2, 1, 1})[0], 5e-324);
  for (const int smallest : {-43, -44, -300, -1000, -1060}) {
    std::vector<double> values(200, 1.0);
    values[150] = std::ldexp(1.0, smallest);
    Sums<double> sums(values, 1);
    sums.move([](std::size_t) { return 0; });
    sums.move([](std::size_t row) { return row == 150 ? 0 : 1; });
    EXPECT_TRUE(same_bits(sums.means({1, 199, 1}), {values[150], 1.0, 0.0})) << smallest;
  }
}

}  // namespace
}  // namespace shoal
