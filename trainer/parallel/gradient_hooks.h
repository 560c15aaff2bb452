#pragma once
// A function called when autograd has accumulated a parameter's gradient.

#include <torch/types.h>

#include <functional>

namespace skein {

/// Installs `on_accumulated` behind whatever hook the parameter already has, and takes it away again when destroyed.
/// The function runs in the thread of backward, after parameter.grad() has its new value. It must not throw.
class GradientHook {
 public:
  /// Throws UsageError when another GradientHook holds the parameter.
  GradientHook(const torch::Tensor& parameter, std::function<void()> on_accumulated);
  ~GradientHook();
  GradientHook(GradientHook&&) noexcept = default;
  GradientHook& operator=(GradientHook&&) = delete;

 private:
  class Installed;
  torch::Tensor parameter_;                          // undefined after a move
  std::shared_ptr<std::function<void()>> function_;  // emptied when this object goes
};

}  // namespace skein
