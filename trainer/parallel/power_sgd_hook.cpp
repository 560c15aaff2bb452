#include "trainer/parallel/power_sgd_hook.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/compression_kernels.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

/// A view into `memory` from `begin` on, which moves behind it.
torch::Tensor take(const torch::Tensor& memory, std::int64_t& begin, std::int64_t rows, std::int64_t columns) {
  const torch::Tensor view = memory.narrow(0, begin, rows * columns).view({rows, columns});
  begin += rows * columns;
  return view;
}

}  // namespace

PowerSgdHook::PowerSgdHook(const PowerSgdOptions& options) : ErrorFeedbackHook(options.first_step), options_(options) {
  if (options.rank < 1) throw UsageError(concat("PowerSGD: rank is ", options.rank), "give 1 or more, usually 1 to 8");
  if (!(options.min_compression_rate >= 1))
    throw UsageError(concat("PowerSGD: min_compression_rate is ", options.min_compression_rate), "give 1 or more");
}

bool PowerSgdHook::is_worthwhile(std::int64_t rows, std::int64_t columns) const {
  return options_.min_compression_rate * static_cast<double>(options_.rank * (rows + columns)) <
         static_cast<double>(rows * columns);
}

void PowerSgdHook::prepare(std::size_t bucket, const CompressionPlan& plan) {
  messages_.resize(bucket + 1);
  Messages& messages = messages_[bucket];
  messages = Messages();
  std::int64_t num_first = plan.num_whole_elements();
  std::int64_t num_second = 0;
  for (const GradientMatrix& matrix : plan.matrices) {
    num_first += matrix.rows() * options_.rank;
    num_second += matrix.columns() * options_.rank;
  }
  messages.first = torch::zeros({num_first});
  messages.second = torch::zeros({num_second});
  std::int64_t first = plan.num_whole_elements();
  std::int64_t second = 0;
  for (const GradientMatrix& matrix : plan.matrices) {
    Factors factors;
    factors.p = take(messages.first, first, matrix.rows(), options_.rank);
    factors.q = take(messages.second, second, options_.rank, matrix.columns());
    factors.guess = kept("guess." + matrix.name, factors.q.sizes());
    renew_guess(factors.guess, matrix.name);
    messages.factors.push_back(factors);
  }
}

std::uint64_t PowerSgdHook::message_bytes(const CompressionPlan& plan) const {
  std::int64_t num_elements = plan.num_whole_elements();
  for (const GradientMatrix& matrix : plan.matrices) num_elements += options_.rank * (matrix.rows() + matrix.columns());
  return static_cast<std::uint64_t>(num_elements) * sizeof(float);
}

Work PowerSgdHook::start_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) {
  Messages& messages = messages_[bucket.index];
  pack(plan.whole, messages.first);
  for (std::size_t i = 0; i < plan.matrices.size(); ++i)
    torch::mm_out(messages.factors[i].p, plan.matrices[i].gradient, messages.factors[i].guess.t());
  return communicator.allreduce_async(as_buffer(messages.first), ReduceOp::kAverage, bucket.name);
}

Work PowerSgdHook::proceed_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) {
  Messages& messages = messages_[bucket.index];
  messages.second_travels = !messages.second_travels;
  if (!messages.second_travels) {
    for (std::size_t i = 0; i < plan.matrices.size(); ++i) approximate(plan.matrices[i], messages.factors[i]);
    return {};
  }
  unpack(messages.first, plan.whole);
  for (std::size_t i = 0; i < plan.matrices.size(); ++i) project(plan.matrices[i], messages.factors[i]);
  return communicator.allreduce_async(as_buffer(messages.second), ReduceOp::kAverage, bucket.name);
}

void PowerSgdHook::project(const GradientMatrix& matrix, Factors& factors) const {
  factors.is_lost = !torch::isfinite(factors.p).all().item<bool>();  // the average, so all ranks decide alike
  if (factors.is_lost) return;
  orthogonalize(factors.p.data_ptr<float>(), static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(options_.rank));
  torch::mm_out(factors.q, factors.p.t(), matrix.gradient);
}

void PowerSgdHook::approximate(const GradientMatrix& matrix, Factors& factors) const {
  torch::Tensor gradient = matrix.gradient;
  torch::Tensor residual = matrix.residual;
  if (factors.is_lost) {
    gradient.fill_(std::numeric_limits<float>::quiet_NaN());
    residual.zero_();
    return;
  }
  reconstruct(gradient.data_ptr<float>(), residual.data_ptr<float>(), factors.p.data_ptr<float>(), factors.q.data_ptr<float>(),
              static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.columns()),
              static_cast<std::size_t>(options_.rank));
  factors.guess.copy_(factors.q);
  renew_guess(factors.guess, matrix.name);
}

/// A row of zeros (from a gradient of lower rank) would stay zero for ever.
void PowerSgdHook::renew_guess(const torch::Tensor& guess, const std::string& name) const {
  for (std::int64_t row = 0; row < guess.size(0); ++row) {
    torch::Tensor values = guess[row];
    if (values.count_nonzero().item<std::int64_t>() > 0) continue;
    const std::uint64_t seed = options_.seed + std::hash<std::string>{}(name) + static_cast<std::uint64_t>(row);
    values.normal_(0, 1, at::make_generator<at::CPUGeneratorImpl>(seed));
  }
}

}  // namespace skein
