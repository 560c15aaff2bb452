#include "trainer/parallel/sync_batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

using torch::Tensor;
const std::vector<std::int64_t> kAllButChannels{0, 2, 3};

Tensor per_channel(const Tensor& values) {
  return values.view({1, -1, 1, 1});
}

/// Statistics over all ranks, in float64.
struct Statistics {
  Tensor mean;
  Tensor variance;  ///< biased
  double count = 0;
};

Statistics statistics_of(const Tensor& input, Communicator& communicator) {
  const std::int64_t channels = input.size(1);
  Tensor sums = torch::zeros({2 * channels + 1}, torch::kFloat64);
  if (input.numel() > 0) {
    const auto [variance, mean] = torch::var_mean(input.to(torch::kFloat32), kAllButChannels, /*unbiased=*/false);
    const Tensor own_mean = mean.to(torch::kFloat64);
    const Tensor own_square = variance.to(torch::kFloat64) + own_mean.square();
    const double own_count = static_cast<double>(input.numel() / channels);
    sums = torch::cat({own_mean * own_count, own_square * own_count, torch::full({1}, own_count, torch::kFloat64)});
  }
  allreduce(communicator, sums, ReduceOp::kSum, "batch statistics");
  Statistics all;
  all.count = sums[2 * channels].item<double>();
  const double divisor = std::max(1.0, all.count);
  all.mean = sums.narrow(0, 0, channels) / divisor;
  all.variance = (sums.narrow(0, channels, channels) / divisor - all.mean.square()).clamp_min(0);
  return all;
}

class SyncNormalize : public torch::autograd::Function<SyncNormalize> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& variance, double eps, double count, std::int64_t communicator) {
    const Tensor inverse = (variance.to(torch::kFloat64) + eps).rsqrt();
    context->save_for_backward({input, weight, mean, inverse});
    context->saved_data["count"] = count;
    context->saved_data["communicator"] = communicator;
    return std::get<0>(torch::native_batch_norm(input, weight, bias, mean.to(torch::kFloat32), variance.to(torch::kFloat32),
                                                /*training=*/false, /*momentum=*/0, eps));
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &input = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    auto& communicator = *reinterpret_cast<Communicator*>(context->saved_data["communicator"].toInt());
    const Tensor dy = gradients[0];
    const Tensor centered = input.to(torch::kFloat32) - per_channel(mean.to(torch::kFloat32));
    const Tensor own_sum = dy.sum(kAllButChannels, false, torch::kFloat32).to(torch::kFloat64);
    const Tensor own_product = (dy * centered).sum(kAllButChannels, false, torch::kFloat32).to(torch::kFloat64);
    Tensor sums = torch::cat({own_sum, own_product});
    allreduce(communicator, sums, ReduceOp::kSum, "batch statistics of gradients");
    sums /= context->saved_data["count"].toDouble();
    const std::int64_t channels = input.size(1);
    const Tensor scale = weight.defined() ? weight.to(torch::kFloat64) * inverse : inverse;
    const Tensor slope = -scale * inverse.square() * sums.narrow(0, channels, channels);
    const Tensor offset = -scale * sums.narrow(0, 0, channels);
    const auto as_float = [](const Tensor& values) { return per_channel(values.to(torch::kFloat32)); };
    const Tensor dx = (dy * as_float(scale)).addcmul_(centered, as_float(slope)).add_(as_float(offset)).to(input.scalar_type());
    const bool affine = weight.defined();
    return {dx, affine ? (own_product * inverse).to(weight.scalar_type()) : Tensor(), affine ? own_sum.to(weight.scalar_type()) : Tensor(),
            {}, {}, {}, {}, {}};
  }
};

}  // namespace

Tensor SyncBatchNorm2dImpl::forward(const Tensor& input) {
  if (communicator_ == nullptr || !is_training()) return torch::nn::BatchNorm2dImpl::forward(input);
  if (input.dim() != 4) throw UsageError(concat("SyncBatchNorm2d needs images, [N, C, H, W], not ", input.sizes()));
  Statistics all;
  {
    const torch::NoGradGuard no_grad;
    all = statistics_of(input.detach(), *communicator_);
    if (options.track_running_stats() && all.count > 1) {
      num_batches_tracked += 1;
      const double share = options.momentum() ? *options.momentum() : 1.0 / num_batches_tracked.item<double>();
      const double unbiased = all.count / (all.count - 1);
      running_mean.mul_(1 - share).add_(all.mean.to(running_mean.scalar_type()), share);
      running_var.mul_(1 - share).add_((all.variance * unbiased).to(running_var.scalar_type()), share);
    }
  }
  if (all.count <= 1 && options.track_running_stats())
    return torch::batch_norm(input, weight, bias, running_mean, running_var, /*training=*/false, 0, options.eps(), false);
  return SyncNormalize::apply(input, weight, bias, all.mean, all.variance, options.eps(), std::max(1.0, all.count),
                              reinterpret_cast<std::int64_t>(communicator_));
}

void synchronize_batch_norm(torch::nn::Module& module, Communicator& communicator) {
  bool found = false;
  for (const auto& item : module.named_modules("", /*include_self=*/false)) {
    if (auto* sync = item.value()->as<SyncBatchNorm2d>()) {
      sync->synchronize_over(&communicator);
      found = true;
    } else if (item.value()->as<torch::nn::BatchNorm2d>() != nullptr || item.value()->as<torch::nn::BatchNorm1d>() != nullptr) {
      throw UsageError("synchronize_batch_norm: " + item.key() + " is an ordinary BatchNorm", "make it a skein::SyncBatchNorm2d");
    }
  }
  if (!found) throw UsageError("synchronize_batch_norm: the module has no SyncBatchNorm2d", "use it in the place of BatchNorm2d");
}

}  // namespace skein
