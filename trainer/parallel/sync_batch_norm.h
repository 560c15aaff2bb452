#pragma once
// BatchNorm with the statistics of all ranks' images, for batches too small to have good ones of their own. The formulas
// are those of S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, arXiv:1502.03167, over the union of the batches.

#include <torch/nn.h>

#include "collectives/communicator.h"

namespace skein {

/// A BatchNorm2d with the same parameters, buffers and names. Until it has a communicator, and while evaluating, it is an
/// ordinary one. N ranks with batches of B then train as one rank with N * B.
class SyncBatchNorm2dImpl : public torch::nn::BatchNorm2dImpl {
 public:
  using torch::nn::BatchNorm2dImpl::BatchNorm2dImpl;
  /// [N, C, H, W]; N may differ by rank, and be 0 on some. While training collective, and so is its backward: all ranks use
  /// the module's layers in the same order, those without images too (`loss = logits.sum()` does for them). Where all ranks
  /// together have less than two values a channel, the running statistics are used and stay as they are.
  torch::Tensor forward(const torch::Tensor& input);
  /// Null: not any more. The communicator must outlive the use.
  void synchronize_over(Communicator* communicator) { communicator_ = communicator; }
  bool is_synchronized() const { return communicator_ != nullptr; }

 private:
  Communicator* communicator_ = nullptr;
};
TORCH_MODULE(SyncBatchNorm2d);

/// Synchronizes every SyncBatchNorm2d of the module over `communicator`: one of its own, as its calls come between those of
/// DataParallel. Throws UsageError for a module that has none, or has ordinary BatchNorm layers, by name.
void synchronize_batch_norm(torch::nn::Module& module, Communicator& communicator);

}  // namespace skein
