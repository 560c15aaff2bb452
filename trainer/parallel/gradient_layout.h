#pragma once
// Where each gradient lies: buckets over the communicator's memory, and in them a view for each parameter.

#include <torch/types.h>

#include <map>
#include <vector>

#include "trainer/parallel/bucket_plan.h"
#include "trainer/parallel/communication_hook.h"
#include "trainer/parallel/parameter_sync.h"

namespace skein {

/// Owns the memory of all gradients. Its size does not depend on the order of the parameters, so a new order needs no
/// new memory. Views share memory with it and stay valid after it.
class GradientLayout {
 public:
  struct Bucket {
    GradientBucket content;
    std::vector<std::size_t> parameters;  ///< indices
  };

  /// Collective: allocates from `communicator`. All gradients start as zero.
  GradientLayout(Communicator& communicator, const std::vector<NamedTensor>& parameters, const BucketOptions& options);

  /// Buckets in `order` (indices of all parameters); values of gradients are kept, views are new.
  void arrange(const std::vector<std::size_t>& order);

  std::vector<Bucket>& buckets() { return buckets_; }
  const std::vector<Bucket>& buckets() const { return buckets_; }
  /// The parameter's gradient: its shape and strides, in its bucket.
  const torch::Tensor& view(std::size_t parameter) const { return views_[parameter]; }
  std::size_t bucket_of(std::size_t parameter) const { return bucket_of_[parameter]; }

 private:
  void place(Bucket& bucket, std::map<torch::ScalarType, std::int64_t>& used);

  const std::vector<NamedTensor>& parameters_;
  BucketOptions options_;
  std::map<torch::ScalarType, torch::Tensor> memory_;  // one-dimensional
  std::vector<Bucket> buckets_;
  std::vector<torch::Tensor> views_;
  std::vector<std::size_t> bucket_of_;
};

}  // namespace skein
