// Whether samples follow their distributions: Kolmogorov's and Smirnov's test against closed forms.

#include "trainer/data/random_distributions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace skein {
namespace {

constexpr size_t kNumSamples = 40000;

CounterRandom stream(uint64_t index = 0) {
  return {21, 0, index, RandomPurpose::kAutoAugment};
}

/// The distance of the sample from the distribution stays below what it exceeds once in a thousand times.
template <class Value>
void expect_distribution(std::vector<Value> sample, const std::function<double(double)>& cumulative) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double distance = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double wanted = cumulative(static_cast<double>(sample[i])), rank = static_cast<double>(i);
    distance = std::max({distance, wanted - rank / n, (rank + 1) / n - wanted});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(n));
}

template <class Draw>
std::vector<double> sample(const Draw& draw) {
  CounterRandom random = stream();
  std::vector<double> values(kNumSamples);
  for (double& value : values) value = draw(random);
  return values;
}

double normal(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

TEST(Distributions, Normal) {
  expect_distribution(sample([](CounterRandom& random) { return draw_normal(random); }), normal);
}

TEST(Distributions, ManyNormalsOfBothParities) {
  std::vector<float> values(kNumSamples + 1);
  CounterRandom random = stream();
  draw_normals(random, values);
  expect_distribution(values, normal);
  double product = 0;
  for (size_t i = 0; i + 1 < values.size(); i += 2) product += values[i] * values[i + 1];
  EXPECT_NEAR(product / (kNumSamples / 2.0), 0, 4 / std::sqrt(kNumSamples / 2.0)) << "the two of a pair hang together";
  EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }));
}

TEST(Distributions, Gamma) {
  const auto gamma = [](double shape) { return sample([=](CounterRandom& random) { return draw_gamma(random, shape); }); };
  expect_distribution(gamma(0.5), [](double x) { return std::erf(std::sqrt(x)); });
  expect_distribution(gamma(1), [](double x) { return 1 - std::exp(-x); });
  expect_distribution(gamma(1.5), [](double x) {
    return std::erf(std::sqrt(x)) - 2 * std::sqrt(x / std::numbers::pi) * std::exp(-x);
  });
  expect_distribution(gamma(3), [](double x) { return 1 - std::exp(-x) * (1 + x + x * x / 2); });
}

TEST(Distributions, Beta) {
  const auto beta = [](double a, double b) { return sample([=](CounterRandom& random) { return draw_beta(random, a, b); }); };
  expect_distribution(beta(0.5, 0.5), [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(x)); });
  expect_distribution(beta(1, 1), [](double x) { return x; });
  expect_distribution(beta(2, 2), [](double x) { return x * x * (3 - 2 * x); });
  expect_distribution(beta(3, 1), [](double x) { return x * x * x; });
  expect_distribution(beta(0.2, 1), [](double x) { return std::pow(x, 0.2); });
}

TEST(Distributions, Dirichlet) {
  std::array<std::vector<double>, 3> shares;
  CounterRandom random = stream();
  for (size_t i = 0; i < kNumSamples; ++i) {
    std::array<float, 3> drawn{};
    draw_dirichlet(random, 1.0, drawn);
    EXPECT_NEAR(drawn[0] + drawn[1] + drawn[2], 1, 1e-6);
    for (int k = 0; k < 3; ++k) shares[k].push_back(drawn[k]);
  }
  for (const auto& share : shares) expect_distribution(share, [](double x) { return 1 - (1 - x) * (1 - x); });
}

TEST(Distributions, SharesOfTinyConcentrationStayFinite) {
  for (uint64_t i = 0; i < 2000; ++i) {
    CounterRandom random = stream(i);
    std::array<float, 3> shares{};
    draw_dirichlet(random, 0.001, shares);
    EXPECT_NEAR(shares[0] + shares[1] + shares[2], 1, 1e-6);
  }
}

}  // namespace
}  // namespace skein
