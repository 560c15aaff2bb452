#include "trainer/parallel/error_feedback.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

torch::Tensor flat(const torch::Tensor& tensor) {
  return tensor.as_strided({tensor.numel()}, {1});
}

/// The same memory as [size of the outermost dimension in memory, all others].
torch::Tensor as_matrix(const torch::Tensor& tensor) {
  const auto strides = tensor.strides();
  const auto outermost = std::ranges::max_element(strides) - strides.begin();
  const std::int64_t rows = tensor.size(outermost);
  const std::int64_t columns = tensor.numel() / rows;
  return tensor.as_strided({rows, columns}, {columns, 1});
}

}  // namespace

std::int64_t CompressionPlan::num_whole_elements() const {
  std::int64_t sum = 0;
  for (const torch::Tensor& tensor : whole) sum += tensor.numel();
  return sum;
}

ErrorFeedbackHook::ErrorFeedbackHook(std::int64_t first_step)
    : first_step_(first_step), num_steps_(torch::zeros({1}, torch::kInt64)) {
  if (first_step < 0) throw UsageError(concat("compression of gradients: first_step is ", first_step), "give 0 or more");
}

void ErrorFeedbackHook::plan(const std::vector<GradientBucket>& buckets) {
  plans_.clear();
  bytes_ = {};
  for (const GradientBucket& bucket : buckets) {
    plans_.push_back(plan_for(bucket));
    prepare(bucket.index, plans_.back());
    bytes_.messages += message_bytes(plans_.back());
    for (const NamedTensor& named : bucket.parameters) bytes_.gradients += named.tensor.nbytes();
  }
}

CompressionPlan ErrorFeedbackHook::plan_for(const GradientBucket& bucket) {
  if (!bucket.gradients.is_cpu())
    throw UsageError(concat("compression of gradients: ", bucket.name, " is on ", bucket.gradients.device()),
                     "leave the communication hook out there");
  CompressionPlan plan;
  for (const NamedTensor& named : bucket.parameters) {
    const torch::Tensor& gradient = named.tensor;
    if (gradient.dim() >= 2 && gradient.numel() > 0 && gradient.scalar_type() == torch::kFloat32) {
      const torch::Tensor matrix = as_matrix(gradient);
      if (is_worthwhile(matrix.size(0), matrix.size(1))) {
        plan.matrices.push_back({named.name, matrix, kept("residual." + named.name, matrix.sizes())});
        continue;
      }
    }
    plan.whole.push_back(flat(gradient));
  }
  return plan;
}

Work ErrorFeedbackHook::start(GradientBucket& bucket, Communicator& communicator) {
  if (bucket.index == 0) {
    auto& num_steps = *num_steps_.data_ptr<std::int64_t>();
    compresses_ = num_steps++ >= first_step_;
  }
  const CompressionPlan& plan = plans_[bucket.index];
  if (!compresses_ || plan.matrices.empty())
    return communicator.allreduce_async(as_buffer(bucket.gradients), ReduceOp::kAverage, bucket.name);
  for (const GradientMatrix& matrix : plan.matrices) torch::Tensor(matrix.gradient).add_(matrix.residual);
  return start_compressed(bucket, plan, communicator);
}

Work ErrorFeedbackHook::proceed(GradientBucket& bucket, Communicator& communicator) {
  const CompressionPlan& plan = plans_[bucket.index];
  if (!compresses_ || plan.matrices.empty()) return {};
  const torch::NoGradGuard no_grad;
  return proceed_compressed(bucket, plan, communicator);
}

std::vector<NamedTensor> ErrorFeedbackHook::state() {
  std::vector<NamedTensor> state{{"num_steps", num_steps_}};
  for (const auto& [name, tensor] : kept_) state.push_back({name, tensor});
  return state;
}

CompressedBytes ErrorFeedbackHook::bytes() const {
  return bytes_;
}

torch::Tensor ErrorFeedbackHook::kept(const std::string& name, torch::IntArrayRef sizes) {
  torch::Tensor& tensor = kept_[name];
  if (!tensor.defined()) tensor = torch::zeros(sizes);
  return tensor;
}

void pack(const std::vector<torch::Tensor>& parts, const torch::Tensor& whole) {
  std::int64_t begin = 0;
  for (const torch::Tensor& part : parts) {
    whole.narrow(0, begin, part.numel()).copy_(part);
    begin += part.numel();
  }
}

void unpack(const torch::Tensor& whole, const std::vector<torch::Tensor>& parts) {
  std::int64_t begin = 0;
  for (const torch::Tensor& part : parts) {
    torch::Tensor(part).copy_(whole.narrow(0, begin, part.numel()));
    begin += part.numel();
  }
}

}  // namespace skein
