#include "trainer/parallel/gradient_hooks.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/variable.h>

#include "runtime/process/error.h"

namespace skein {

namespace autograd = torch::autograd;

class GradientHook::Installed final : public autograd::PostAccumulateGradHook {
 public:
  Installed(std::shared_ptr<GradientHookFunctions> functions, std::unique_ptr<autograd::PostAccumulateGradHook> previous)
      : functions_(std::move(functions)), previous_(std::move(previous)) {}

  void operator()(const autograd::Variable& parameter) override {
    if (previous_) (*previous_)(parameter);
    if (functions_->on_accumulated) functions_->on_accumulated();
  }
  const GradientHookFunctions& functions() const { return *functions_; }
  bool active() const { return static_cast<bool>(functions_->on_accumulated); }
  std::unique_ptr<autograd::PostAccumulateGradHook> take_previous() { return std::move(previous_); }

 private:
  std::shared_ptr<GradientHookFunctions> functions_;
  std::unique_ptr<autograd::PostAccumulateGradHook> previous_;
};

GradientHook::GradientHook(const torch::Tensor& parameter, GradientHookFunctions functions)
    : parameter_(parameter), functions_(std::make_shared<GradientHookFunctions>(std::move(functions))) {
  std::unique_ptr<autograd::PostAccumulateGradHook>& slot = autograd::impl::post_acc_grad_hooks(parameter_);
  const auto* other = dynamic_cast<const Installed*>(slot.get());
  if (other && other->active())
    throw UsageError("a parameter is already averaged by another DataParallel", "wrap each module once");
  auto hook = std::make_unique<Installed>(functions_, std::move(slot));
  autograd::impl::set_post_acc_grad_hooks(parameter_, std::move(hook));
}

GradientHook::~GradientHook() {
  if (!parameter_.defined()) return;
  *functions_ = {};  // also silences a hook that others have chained behind theirs
  auto* installed = dynamic_cast<Installed*>(autograd::impl::post_acc_grad_hooks(parameter_).get());
  if (!installed || &installed->functions() != functions_.get()) return;
  autograd::impl::set_post_acc_grad_hooks(parameter_, installed->take_previous());
}

torch::Tensor gradient_destination(const torch::Tensor& parameter) {
  // With create_graph the gradient belongs to the graph; torch::autograd::grad(), which has a selection, hands it to somebody.
  const auto* selection = autograd::get_current_graph_task_exec_info();
  if (!parameter.is_leaf() || at::GradMode::is_enabled() || selection == nullptr || !selection->empty()) return {};
  const auto* installed = dynamic_cast<const GradientHook::Installed*>(autograd::impl::post_acc_grad_hooks(parameter).get());
  return installed != nullptr && installed->functions().destination ? installed->functions().destination() : torch::Tensor();
}

}  // namespace skein
