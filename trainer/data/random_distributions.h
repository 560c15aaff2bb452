#pragma once
// Random variables beyond the uniform ones, drawn from a stream of CounterRandom. Each draw takes as many words as
// it needs, so that a stream's later draws depend on its earlier ones; streams of other purposes never do.

#include <span>

#include "trainer/data/counter_random.h"

namespace skein {

/// Mean 0, deviation 1 (Box and Muller 1958, one of its two numbers).
double draw_normal(CounterRandom& random);

/// Fills `values` with independent normal numbers in float32, both of each pair: for many of them.
void draw_normals(CounterRandom& random, std::span<float> values);

/// Scale 1, any shape above 0 (Marsaglia and Tsang: A Simple Method for Generating Gamma Variables, 2000).
double draw_gamma(CounterRandom& random, double shape);

/// Within (0, 1); both parameters above 0.
double draw_beta(CounterRandom& random, double alpha, double beta);

/// Symmetric Dirichlet: shares of at least 0 that add up to 1; `concentration` above 0.
void draw_dirichlet(CounterRandom& random, double concentration, std::span<float> shares);

}  // namespace skein
