#pragma once
// The engine of PowerSgdOptions.

#include <string>
#include <vector>

#include "trainer/parallel/error_feedback.h"

namespace skein {

class PowerSgdHook final : public ErrorFeedbackHook {
 public:
  /// Throws UsageError for options that make no sense.
  explicit PowerSgdHook(const PowerSgdOptions& options);

 protected:
  bool is_worthwhile(std::int64_t rows, std::int64_t columns) const override;
  void prepare(std::size_t bucket, const CompressionPlan& plan) override;
  std::uint64_t message_bytes(const CompressionPlan& plan) const override;
  Work start_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) override;
  Work proceed_compressed(const GradientBucket& bucket, const CompressionPlan& plan, Communicator& communicator) override;

 private:
  /// P Q approximates the average of a matrix.
  struct Factors {
    torch::Tensor p;       ///< [rows, rank], view into the first message
    torch::Tensor q;       ///< [rank, columns], view into the second message
    torch::Tensor guess;   ///< of q, from the last step
    bool is_lost = false;  ///< the gradient is not finite in this step
  };
  struct Messages {
    torch::Tensor first;   ///< whole gradients, then every p
    torch::Tensor second;  ///< every q
    std::vector<Factors> factors;
    bool second_travels = false;
  };

  void project(const GradientMatrix& matrix, Factors& factors) const;
  void approximate(const GradientMatrix& matrix, Factors& factors) const;
  void renew_guess(const torch::Tensor& guess, const std::string& name) const;

  PowerSgdOptions options_;
  std::vector<Messages> messages_;  // by bucket
};

}  // namespace skein
