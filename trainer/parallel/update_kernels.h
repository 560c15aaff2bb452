#pragma once
// What the update rules do to the elements of parameters, in one pass each. Sources: see update_options.h.
//
// Element by element and rounded after every operation: the result depends neither on how a parameter is cut into pieces
// nor on the instruction set, which is chosen at run time. Pure functions on memory that does not overlap; any threads.

#include <cstddef>

namespace skein {

/// Types of elements that can be updated.
enum class UpdateType { kFloat32, kFloat64 };

struct SgdScalars {
  double rate = 0;
  double momentum = 0;
  double fresh = 1;  ///< share of the gradient that enters the momentum: 1 - dampening
  double weight_decay = 0;
  double gradient_scale = 1;
  double trust = 1;  ///< of LARS
  bool nesterov = false;
};

/// d = (g * gradient_scale + weight_decay * w) * trust; momenta may be null (momentum 0).
void sgd_update(UpdateType type, void* parameters, const void* gradients, void* momenta, std::size_t count,
                const SgdScalars& scalars);

struct AdamScalars {
  double rate = 0;
  double beta1 = 0;
  double beta2 = 0;
  double eps = 0;
  double weight_decay = 0;
  double correction1 = 1;  ///< 1 - beta1^t
  double correction2 = 1;  ///< 1 - beta2^t
  double gradient_scale = 1;
};

void adamw_update(UpdateType type, void* parameters, const void* gradients, void* first_moments, void* second_moments,
                  std::size_t count, const AdamScalars& scalars);

/// Updates the moments and replaces the gradients by LAMB's direction, Adam's plus weight_decay * w.
void lamb_direction(UpdateType type, const void* parameters, void* gradients, void* first_moments, void* second_moments,
                    std::size_t count, const AdamScalars& scalars);

/// y += factor * x
void add_scaled(UpdateType type, void* y, const void* x, double factor, std::size_t count);

/// average += share * (x - average)
void follow(UpdateType type, void* average, const void* x, double share, std::size_t count);

/// Added up in float64, in sixteen partial sums whatever the instruction set.
double sum_of_squares(UpdateType type, const void* x, std::size_t count);

}  // namespace skein
