#include "trainer/parallel/gradient_hooks.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "runtime/process/error.h"

namespace skein {

namespace autograd = torch::autograd;

class GradientHook::Installed final : public autograd::PostAccumulateGradHook {
 public:
  Installed(std::shared_ptr<std::function<void()>> function, std::unique_ptr<autograd::PostAccumulateGradHook> previous)
      : function_(std::move(function)), previous_(std::move(previous)) {}

  void operator()(const autograd::Variable& parameter) override {
    if (previous_) (*previous_)(parameter);
    if (*function_) (*function_)();
  }
  const void* identity() const { return function_.get(); }
  bool active() const { return static_cast<bool>(*function_); }
  std::unique_ptr<autograd::PostAccumulateGradHook> take_previous() { return std::move(previous_); }

 private:
  std::shared_ptr<std::function<void()>> function_;
  std::unique_ptr<autograd::PostAccumulateGradHook> previous_;
};

GradientHook::GradientHook(const torch::Tensor& parameter, std::function<void()> on_accumulated)
    : parameter_(parameter), function_(std::make_shared<std::function<void()>>(std::move(on_accumulated))) {
  std::unique_ptr<autograd::PostAccumulateGradHook>& slot = autograd::impl::post_acc_grad_hooks(parameter_);
  const auto* other = dynamic_cast<const Installed*>(slot.get());
  if (other && other->active())
    throw UsageError("a parameter is already averaged by another DataParallel", "wrap each module once");
  auto hook = std::make_unique<Installed>(function_, std::move(slot));
  autograd::impl::set_post_acc_grad_hooks(parameter_, std::move(hook));
}

GradientHook::~GradientHook() {
  if (!parameter_.defined()) return;
  *function_ = nullptr;  // also silences a hook that others have chained behind theirs
  auto* installed = dynamic_cast<Installed*>(autograd::impl::post_acc_grad_hooks(parameter_).get());
  if (!installed || installed->identity() != function_.get()) return;
  autograd::impl::set_post_acc_grad_hooks(parameter_, installed->take_previous());
}

}  // namespace skein
