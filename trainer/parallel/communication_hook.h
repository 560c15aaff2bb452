#pragma once
// How a bucket of gradients becomes the average over all ranks: compression, sharding and measurement plug in here.

#include <torch/types.h>

#include <string>
#include <vector>

#include "collectives/communicator.h"
#include "trainer/parallel/parameter_sync.h"

namespace skein {

/// Gradients that travel together.
struct GradientBucket {
  std::size_t index = 0;  ///< position in the order of travel
  bool is_last = false;
  torch::Tensor gradients;  ///< one-dimensional, in arena memory on the CPU; padding between parameters is zero
  std::string name;         ///< the same on all ranks: "gradients 2/5 layer4.1.conv2.weight..fc.bias"
  /// Each parameter's name and its gradient as a view into `gradients`, in the order in which they lie there.
  std::vector<NamedTensor> parameters;
};

/// Called by DataParallel in the same order on all ranks, one call at a time, in the thread that runs backward.
class CommunicationHook {
 public:
  virtual ~CommunicationHook() = default;
  /// The buckets from here on: before the first backward, and whenever their order has changed. Afterwards gradients lie
  /// where these views are.
  virtual void plan(const std::vector<GradientBucket>& buckets) {}
  /// Starts turning bucket.gradients into the average over the ranks of `communicator`. Must not wait for other ranks.
  /// The bucket stays in place until the last proceed().
  virtual Work start(GradientBucket& bucket, Communicator& communicator) = 0;
  /// After backward and after the Work before has completed, for every bucket in turn. Returns the next Work, after which
  /// it is called again, or an empty one: now bucket.gradients holds the average.
  virtual Work proceed(GradientBucket& bucket, Communicator& communicator) { return {}; }
  /// What a training needs besides to go on, in tensors that this hook uses: a checkpoint saves them, and resuming writes
  /// into them. They may differ from rank to rank; with another number of ranks each gets the average. From plan() on, the
  /// same names and shapes always.
  virtual std::vector<NamedTensor> state() { return {}; }
};

/// The default: one allreduce.
class AverageHook final : public CommunicationHook {
 public:
  Work start(GradientBucket& bucket, Communicator& communicator) override;
};

}  // namespace skein
