#pragma once
// What hooks that compress with error feedback have in common.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trainer/parallel/gradient_compression.h"

namespace skein {

/// A parameter's gradient as a matrix: its outermost dimension by all others, in memory order.
struct GradientMatrix {
  std::string name;
  torch::Tensor gradient;  ///< view into the bucket
  torch::Tensor residual;  ///< of the same shape: what has not arrived yet
  std::int64_t rows() const { return gradient.size(0); }
  std::int64_t columns() const { return gradient.size(1); }
};

/// The gradients of a bucket.
struct CompressionPlan {
  std::vector<GradientMatrix> matrices;  ///< that are compressed
  std::vector<torch::Tensor> whole;      ///< the others, flat
  std::int64_t num_whole_elements() const;
};

class ErrorFeedbackHook : public GradientCompression {
 public:
  void plan(const std::vector<GradientBucket>& buckets) final;
  Work start(GradientBucket& bucket, Communicator& communicator) final;
  Work proceed(GradientBucket& bucket, Communicator& communicator) final;
  std::vector<NamedTensor> state() final;
  CompressedBytes bytes() const final;

 protected:
  /// Throws UsageError if `first_step` is negative.
  explicit ErrorFeedbackHook(std::int64_t first_step);

  virtual bool is_worthwhile(std::int64_t rows, std::int64_t columns) const = 0;
  /// For every bucket in turn, after a new plan.
  virtual void prepare(std::size_t bucket, const CompressionPlan& plan) = 0;
  virtual std::uint64_t message_bytes(const CompressionPlan& plan) const = 0;
  /// start() and proceed() of a step that compresses. The residuals have been added to the gradients.
  virtual Work start_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) = 0;
  virtual Work proceed_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) = 0;
  /// Of that name, part of state(); zeroed when it is new.
  torch::Tensor kept(const std::string& name, torch::IntArrayRef sizes);

 private:
  CompressionPlan plan_for(const GradientBucket& bucket);

  std::int64_t first_step_;
  torch::Tensor num_steps_;  // int64 [1]: begun
  bool compresses_ = false;  // in this step
  std::map<std::string, torch::Tensor> kept_;
  std::vector<CompressionPlan> plans_;  // by bucket
  CompressedBytes bytes_;
};

/// Copies tensors into, or out of, one flat tensor in which they follow each other.
void pack(const std::vector<torch::Tensor>& parts, const torch::Tensor& whole);
void unpack(const torch::Tensor& whole, const std::vector<torch::Tensor>& parts);

}  // namespace skein
