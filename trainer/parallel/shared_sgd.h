#pragma once
// SGD that the ranks of a host do together: parameters once per host, momentum once per host, each rank a slice of both.
// The division of optimizer state among ranks is that of S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward
// Training Trillion Parameter Models", SC 2020, arXiv:1910.02054; shared memory spares handing the parameters round.

#include <torch/nn/module.h>
#include <torch/optim/sgd.h>

#include <memory>

#include "trainer/parallel/data_parallel.h"

namespace skein {

/// In the place of DataParallel and an optimizer:
///
///   SharedSgd sgd(*net, *comm, torch::optim::SGDOptions(0.1).momentum(0.9));
///   for (auto& batch : *loader) {
///     loss(net(batch.data), batch.target).backward();
///     sgd.step();
///   }
///
/// Where all ranks are on one host, step() averages the gradients, piece by piece just before each piece is used.
/// Otherwise they are averaged during backward as by DataParallel. Parameters end bit-identical to those of DataParallel
/// and FusedSgd.
///
/// Every rank of a host has the same memory for its parameters: what one writes into a parameter, all see. Change them
/// only while no other rank computes. Not for a JoinScope.
class SharedSgd {
 public:
  /// Collective; module and communicator must outlive it. As for DataParallel, the module has its final form and every
  /// rank ends with rank 0's values. Parameters keep their values afterwards, in memory of the host that lives as long as
  /// they do. The options apply to all parameters, the buckets to averaging between hosts.
  SharedSgd(torch::nn::Module& module, Communicator& communicator, const torch::optim::SGDOptions& options,
            const BucketOptions& buckets = {});
  ~SharedSgd();
  SharedSgd(const SharedSgd&) = delete;
  SharedSgd& operator=(const SharedSgd&) = delete;

  /// Updates the parameters by the average over all ranks of the gradients accumulated since the last step, which are used
  /// up: parameter.grad() is undefined afterwards. Parameters without a gradient on any rank stay as they are.
  /// Collective.
  void step();

  /// To change between steps; the same on all ranks.
  torch::optim::SGDOptions& options();
  /// For no_sync(), synchronize_buffers() and stats().
  DataParallel& parallel();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skein
