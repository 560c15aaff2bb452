#pragma once
// The engine of TopKOptions.

#include <vector>

#include "trainer/parallel/error_feedback.h"

namespace skein {

class TopKHook final : public ErrorFeedbackHook {
 public:
  /// Throws UsageError unless 0 < ratio <= 1.
  explicit TopKHook(const TopKOptions& options);

 protected:
  bool is_worthwhile(std::int64_t rows, std::int64_t columns) const override;
  void prepare(std::size_t bucket, const CompressionPlan& plan) override;
  std::uint64_t message_bytes(const CompressionPlan& plan) const override;
  Work start_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) override;
  Work proceed_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) override;

 private:
  struct Messages {
    torch::Tensor whole;
    torch::Tensor own;     ///< int32 [2, number of chosen elements]: places in the bucket, then the bits of the values
    torch::Tensor of_all;  ///< int32 [ranks, 2, number of chosen elements]
  };

  std::int64_t num_chosen(std::int64_t num_elements) const;
  std::int64_t num_chosen(const CompressionPlan& plan) const;

  TopKOptions options_;
  std::vector<Messages> messages_;  // by bucket
};

}  // namespace skein
