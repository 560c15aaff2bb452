#include "trainer/parallel/fused_sgd.h"

#include <torch/types.h>

#include "trainer/parallel/sgd_batch.h"

namespace skein {

torch::Tensor FusedSgd::step(LossClosure closure) {
  torch::Tensor loss;
  if (closure) {
    const at::AutoGradMode with_grad(true);
    loss = closure();
  }
  const torch::NoGradGuard no_grad;
  for (auto& group : param_groups_) {
    const auto& options = static_cast<torch::optim::SGDOptions&>(group.options());
    SgdBatch first;
    SgdBatch later;
    for (torch::Tensor& parameter : group.params()) {
      if (!parameter.grad().defined()) continue;
      const bool has_momentum = options.momentum() != 0;
      auto& state = state_[parameter.unsafeGetTensorImpl()];
      const bool is_first = has_momentum && !state;
      SgdBatch& batch = is_first ? first : later;
      batch.parameters.push_back(parameter);
      batch.gradients.push_back(parameter.grad());
      if (!has_momentum) {
        state_.erase(parameter.unsafeGetTensorImpl());
        continue;
      }
      if (is_first) {
        auto fresh = std::make_unique<torch::optim::SGDParamState>();
        fresh->momentum_buffer(torch::zeros_like(parameter));
        state = std::move(fresh);
      }
      batch.momenta.push_back(static_cast<torch::optim::SGDParamState&>(*state).momentum_buffer());
    }
    first.update(options, true);
    later.update(options, false);
  }
  return loss;
}

}  // namespace skein
