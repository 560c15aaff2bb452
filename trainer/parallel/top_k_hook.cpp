#include "trainer/parallel/top_k_hook.h"

#include <torch/torch.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/compression_kernels.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

/// Moves elements out of the gradient, and the rest of it to the residual. `offset`: of the matrix in its bucket.
void choose(const GradientMatrix& matrix, std::int64_t count, std::int32_t offset, std::int32_t* places, std::int32_t* values) {
  const auto* const gradient = matrix.gradient.data_ptr<float>();
  torch::Tensor residual = matrix.residual;
  residual.copy_(matrix.gradient);
  choose_largest(gradient, static_cast<std::size_t>(matrix.gradient.numel()), static_cast<std::size_t>(count), places);
  bool is_finite = true;
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = gradient[places[i]];
    is_finite = is_finite && std::isfinite(value);  // what is not is among the largest
    values[i] = std::bit_cast<std::int32_t>(value);
    residual.data_ptr<float>()[places[i]] = 0;
    places[i] += offset;
  }
  if (!is_finite) residual.zero_();
}

}  // namespace

TopKHook::TopKHook(const TopKOptions& options) : ErrorFeedbackHook(options.first_step), options_(options) {
  if (!(options.ratio > 0 && options.ratio <= 1))
    throw UsageError(concat("top-k: the ratio is ", options.ratio), "give the share of elements that travel, as 0.01");
}

/// A place takes as much room as a value.
bool TopKHook::is_worthwhile(std::int64_t rows, std::int64_t columns) const {
  return 2 * num_chosen(rows * columns) < rows * columns;
}

std::int64_t TopKHook::num_chosen(std::int64_t num_elements) const {
  return std::max<std::int64_t>(1, std::llround(options_.ratio * static_cast<double>(num_elements)));
}

std::int64_t TopKHook::num_chosen(const CompressionPlan& plan) const {
  std::int64_t sum = 0;
  for (const GradientMatrix& matrix : plan.matrices) sum += num_chosen(matrix.gradient.numel());
  return sum;
}

void TopKHook::prepare(std::size_t bucket, const CompressionPlan& plan) {
  messages_.resize(bucket + 1);
  messages_[bucket].whole = torch::zeros({plan.num_whole_elements()});
  messages_[bucket].own = torch::zeros({2, num_chosen(plan)}, torch::kInt32);
  messages_[bucket].of_all.reset();
}

std::uint64_t TopKHook::message_bytes(const CompressionPlan& plan) const {
  return static_cast<std::uint64_t>(plan.num_whole_elements() + 2 * num_chosen(plan)) * sizeof(float);
}

Work TopKHook::start_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) {
  Messages& messages = messages_[bucket.index];
  pack(plan.whole, messages.whole);
  if (messages.whole.numel() > 0)  // done before the allgather is
    communicator.allreduce_async(as_buffer(messages.whole), ReduceOp::kAverage, bucket.name);

  const auto* const start = bucket.gradients.data_ptr<float>();
  auto* places = messages.own[0].data_ptr<std::int32_t>();
  auto* values = messages.own[1].data_ptr<std::int32_t>();
  for (const GradientMatrix& matrix : plan.matrices) {
    const std::int64_t count = num_chosen(matrix.gradient.numel());
    choose(matrix, count, static_cast<std::int32_t>(matrix.gradient.data_ptr<float>() - start), places, values);
    places += count;
    values += count;
  }
  if (!messages.of_all.defined())
    messages.of_all = torch::zeros({communicator.world_size(), 2, num_chosen(plan)}, torch::kInt32);
  return communicator.allgather_async(as_buffer(messages.own), as_buffer(messages.of_all), bucket.name);
}

Work TopKHook::proceed_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) {
  Messages& messages = messages_[bucket.index];
  unpack(messages.whole, plan.whole);
  for (const GradientMatrix& matrix : plan.matrices) torch::Tensor(matrix.gradient).zero_();
  auto* const gradients = bucket.gradients.data_ptr<float>();
  const std::int64_t count = messages.own.size(1);
  const float share = 1.0f / static_cast<float>(communicator.num_active());
  for (int rank = 0; rank < communicator.world_size(); ++rank) {  // zeros from one that has joined a JoinScope
    const auto* const places = messages.of_all[rank][0].data_ptr<std::int32_t>();
    const auto* const values = messages.of_all[rank][1].data_ptr<std::int32_t>();
    for (std::int64_t i = 0; i < count; ++i) gradients[places[i]] += std::bit_cast<float>(values[i]) * share;
  }
  return {};
}

}  // namespace skein
