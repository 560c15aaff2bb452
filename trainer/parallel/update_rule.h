#pragma once
// A rule with the numbers of one step, ready to be applied to a parameter block by block.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "trainer/parallel/update_kernels.h"
#include "trainer/parallel/update_options.h"

namespace skein {

/// Tensors that a rule keeps for each parameter: "momentum", or "exp_avg" and "exp_avg_sq", or none.
std::vector<std::string> state_names(const UpdateOptions& options);

/// Whether the norms of gradients and parameters must be known before the rule is applied (LARS).
bool needs_norms(const UpdateOptions& options);
/// Whether the rule only finds a direction, in the place of the gradient, and steps when its norm is known (LAMB).
bool finds_direction(const UpdateOptions& options);

/// How LARS scales a parameter's update; 1 for other rules. `gradient_norm`: of the gradient as it will be used.
double lars_trust(const UpdateOptions& options, double parameter_norm, double gradient_norm);
/// What LAMB's direction is multiplied by.
double lamb_factor(const UpdateOptions& options, double parameter_norm, double direction_norm);

/// Memory of one block; `states` as state_names() has them.
struct UpdateBlock {
  UpdateType type = UpdateType::kFloat32;
  void* parameter = nullptr;
  void* gradient = nullptr;
  std::array<void*, 2> states{};
  std::size_t count = 0;
};

inline std::size_t num_bytes(const UpdateBlock& block) {
  return block.count * (block.type == UpdateType::kFloat64 ? sizeof(double) : sizeof(float));
}

/// One parameter's update at one step.
class ParameterUpdate {
 public:
  /// `step`: how many updates the parameter has had, this one included.
  ParameterUpdate(const UpdateOptions& options, std::int64_t step, double gradient_scale, double trust);
  void apply(const UpdateBlock& block) const;

 private:
  std::size_t rule_;  // index in UpdateOptions
  std::variant<SgdScalars, AdamScalars> scalars_;
};

}  // namespace skein
