#pragma once
// Automatic mixed precision for a block of code, as torch.autocast is in Python; LibTorch has no such guard
// in C++.

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace skein {

/// While it lives, operations on `device` in this thread choose between `dtype` and float32 by PyTorch's
/// autocast lists. Thread-local: the backward pass inherits it, a data loader's threads do not. Guards nest;
/// each restores what it found. Keep one for forward and loss, not for backward or the optimizer's step:
/// casts of parameters are cached while the outermost guard lives. Not copyable; destroy it in the thread
/// that made it.
class AutocastGuard {
 public:
  explicit AutocastGuard(c10::DeviceType device = c10::kCPU, c10::ScalarType dtype = c10::kBFloat16,
                         bool enabled = true);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  c10::DeviceType device_;
  c10::ScalarType previous_dtype_;
  bool previous_enabled_;
};

}  // namespace skein
