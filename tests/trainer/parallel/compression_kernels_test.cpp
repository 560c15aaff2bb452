#include "trainer/parallel/compression_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace skein {
namespace {

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(engine) * std::exp(3 * normal(engine));
  return values;
}

/// By sorting all of them.
std::vector<std::int32_t> largest_by_sorting(const std::vector<float>& values, std::size_t num_chosen) {
  std::vector<std::int32_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  std::ranges::stable_sort(order, std::greater(), [&](std::int32_t i) { return std::abs(values[i]); });
  order.resize(num_chosen);
  std::ranges::sort(order);
  return order;
}

std::vector<std::int32_t> chosen(const std::vector<float>& values, std::size_t num_chosen) {
  std::vector<std::int32_t> indices(num_chosen);
  choose_largest(values.data(), values.size(), num_chosen, indices.data());
  return indices;
}

TEST(ChooseLargest, AgreesWithSorting) {
  for (const std::size_t count : {1u, 2u, 7u, 1000u, 4099u})
    for (const std::size_t num_chosen : {std::size_t{1}, count / 100 + 1, (count + 1) / 2, count}) {
      const std::vector<float> values = random_values(count, static_cast<unsigned>(count + num_chosen));
      EXPECT_EQ(chosen(values, num_chosen), largest_by_sorting(values, num_chosen)) << count << " " << num_chosen;
    }
}

TEST(ChooseLargest, OfEqualOnesTheFirst) {
  EXPECT_EQ(chosen({1, -2, 2, 2, 0.5f}, 2), (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(chosen(std::vector<float>(9, 0.0f), 3), (std::vector<std::int32_t>{0, 1, 2}));
  EXPECT_EQ(chosen({0, 1e-42f, -1e-41f}, 1), (std::vector<std::int32_t>{2})) << "denormal";
}

TEST(ChooseLargest, WhatIsNotFiniteComesFirst) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(chosen({3e38f, -infinity, 1, nan}, 2), (std::vector<std::int32_t>{1, 3}));
}

TEST(Orthogonalize, GivesOrthonormalColumns) {
  constexpr std::size_t kRows = 67, kColumns = 5;
  std::vector<float> matrix = random_values(kRows * kColumns, 3);
  orthogonalize(matrix.data(), kRows, kColumns);
  for (std::size_t a = 0; a < kColumns; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      double product = 0;
      for (std::size_t row = 0; row < kRows; ++row)
        product += static_cast<double>(matrix[row * kColumns + a]) * matrix[row * kColumns + b];
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-6) << a << " " << b;
    }
}

TEST(Orthogonalize, ADependentColumnBecomesZero) {
  std::vector<float> matrix = {3, 6, 0, 4, 8, 0};  // columns (3 4), (6 8), (0 0)
  orthogonalize(matrix.data(), 2, 3);
  EXPECT_EQ(matrix, (std::vector<float>{0.6f, 0, 0, 0.8f, 0, 0}));
}

TEST(Reconstruct, LeavesTheDifferenceAsResidual) {
  constexpr std::size_t kRows = 3, kColumns = 1100, kRank = 2;
  const std::vector<float> before = random_values(kRows * kColumns, 1);
  const std::vector<float> p = random_values(kRows * kRank, 2);
  const std::vector<float> q = random_values(kRank * kColumns, 4);
  std::vector<float> matrix = before;
  std::vector<float> residual(before.size());
  reconstruct(matrix.data(), residual.data(), p.data(), q.data(), kRows, kColumns, kRank);
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t column = 0; column < kColumns; ++column) {
      const std::size_t i = row * kColumns + column;
      const float expected = p[row * kRank] * q[column] + p[row * kRank + 1] * q[kColumns + column];
      ASSERT_FLOAT_EQ(matrix[i], expected);
      ASSERT_EQ(residual[i], before[i] - matrix[i]);
    }
}

}  // namespace
}  // namespace skein
