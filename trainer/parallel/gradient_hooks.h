#pragma once
// Functions called around the moment in which autograd accumulates a parameter's gradient.

#include <torch/types.h>

#include <functional>
#include <memory>

namespace skein {

struct GradientHookFunctions {
  /// Runs in the thread of backward, after parameter.grad() has its new value. Must not throw.
  std::function<void()> on_accumulated;
  /// What gradient_destination() returns for the parameter; may be empty. Must not throw.
  std::function<torch::Tensor()> destination;
};

/// Installs functions behind whatever hook the parameter already has, and takes them away again when destroyed.
class GradientHook {
 public:
  /// Throws UsageError when another GradientHook holds the parameter.
  GradientHook(const torch::Tensor& parameter, GradientHookFunctions functions);
  ~GradientHook();
  GradientHook(GradientHook&&) noexcept = default;
  GradientHook& operator=(GradientHook&&) = delete;

 private:
  class Installed;
  friend torch::Tensor gradient_destination(const torch::Tensor& parameter);
  torch::Tensor parameter_;                           // undefined after a move
  std::shared_ptr<GradientHookFunctions> functions_;  // emptied when this object goes
};

/// For a function that is computing the gradient of `parameter`, a leaf, within backward(): memory in which it may leave it,
/// of the parameter's shape and strides. DataParallel wants it there, and copies it there otherwise. Undefined where there
/// is none: then the gradient goes into new memory as always. It is given once a pass, and only to a backward() that
/// accumulates gradients; whoever has got it must fill it and return it as the gradient.
torch::Tensor gradient_destination(const torch::Tensor& parameter);

}  // namespace skein
