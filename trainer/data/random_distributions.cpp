#include "trainer/data/random_distributions.h"

#include <cmath>
#include <numbers>

namespace skein {

namespace {

/// Uniform in (0, 1], for logarithms.
double positive_uniform(CounterRandom& random) {
  return 1.0 - random.uniform();
}

}  // namespace

double draw_normal(CounterRandom& random) {
  const double radius = std::sqrt(-2.0 * std::log(positive_uniform(random)));
  return radius * std::cos(2.0 * std::numbers::pi * random.uniform());
}

void draw_normals(CounterRandom& random, std::span<float> values) {
  constexpr float kWordShare = 0x1.0p-32f;
  for (size_t i = 0; i < values.size(); i += 2) {
    const float distance = (static_cast<float>(random.next_word()) + 1.0f) * kWordShare;  // within (0, 1]
    const float angle = static_cast<float>(random.next_word()) * (2.0f * std::numbers::pi_v<float> * kWordShare);
    const float radius = std::sqrt(-2.0f * std::log(distance));
    values[i] = radius * std::cos(angle);
    if (i + 1 < values.size()) values[i + 1] = radius * std::sin(angle);
  }
}

double draw_gamma(CounterRandom& random, double shape) {
  if (shape < 1.0) {
    const double boost = std::pow(positive_uniform(random), 1.0 / shape);
    return draw_gamma(random, shape + 1.0) * boost;
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = draw_normal(random);
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(positive_uniform(random)) < 0.5 * x * x + d * (1.0 - v + std::log(v))) return d * v;
  }
}

double draw_beta(CounterRandom& random, double alpha, double beta) {
  for (;;) {
    const double a = draw_gamma(random, alpha);
    const double b = draw_gamma(random, beta);
    if (a > 0.0 && b > 0.0) return a / (a + b);  // tiny shapes underflow to 0
  }
}

void draw_dirichlet(CounterRandom& random, double concentration, std::span<float> shares) {
  double sum = 0.0;
  while (sum <= 0.0) {
    sum = 0.0;
    for (float& share : shares) {
      share = static_cast<float>(draw_gamma(random, concentration));
      sum += share;
    }
  }
  for (float& share : shares) share = static_cast<float>(share / sum);
}

}  // namespace skein
