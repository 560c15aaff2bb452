#pragma once
// Averaging of gradients and the update of parameters as one operation that ranks share: parameters and optimizer state
// once per host, each rank a slice of both. The division of optimizer state among ranks is that of S. Rajbhandari et al.,
// "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", SC 2020, arXiv:1910.02054.

#include <torch/nn/module.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainer/parallel/data_parallel.h"
#include "trainer/parallel/update_options.h"

namespace skein {

/// Parameters with options of their own.
struct ParameterGroup {
  std::vector<std::string> parameters;  ///< names, as module.named_parameters() has them
  UpdateOptions options;
};

struct DistributedOptimizerOptions {
  StatePlacement placement = StatePlacement::kHost;
  /// For the named parameters; the others have the options that the constructor takes. The same rule for all.
  std::vector<ParameterGroup> groups;
  /// Gradients are scaled so that their norm over all parameters is at most this; 0: they stay as they are.
  double clip_norm = 0;
  std::optional<MovingAverageOptions> moving_average;
  // As for DataParallel. With a hook of the user's, gradients are averaged during backward in every case.
  BucketOptions buckets;
  std::shared_ptr<CommunicationHook> communication_hook;
  std::vector<std::string> gradient_order;
};

/// Everything that a training needs to go on, but for the module's own tensors. Names: "momentum.NAME", "exp_avg.NAME",
/// "exp_avg_sq.NAME", "average.NAME", in the shapes of the parameters; "steps": int64, updates of each parameter, in the
/// order of named_parameters().
using OptimizerState = std::map<std::string, torch::Tensor>;

/// In the place of DataParallel and an optimizer:
///
///   DistributedOptimizer optimizer(*net, *comm, SgdOptions{.lr = 0.1, .momentum = 0.9});
///   for (auto& batch : *loader) {
///     loss(net(batch.data), batch.target).backward();
///     optimizer.step();
///   }
///
/// With kHost on one host, step() averages the gradients, piece by piece just before each piece is used. Otherwise they
/// are averaged during backward, as by DataParallel.
///
/// With kHost every rank of a host has the same memory for its parameters: what one writes into a parameter, all see.
/// Change them only while no other rank computes. Parameters are float32 or float64, on the CPU. Not for a JoinScope.
class DistributedOptimizer {
 public:
  /// Collective; module and communicator must outlive it. As for DataParallel, the module has its final form and every
  /// rank ends with rank 0's values. Throws UsageError for options that make no sense or name no parameter, MismatchError
  /// where ranks have different ones. With kHost parameters keep their values afterwards, in memory of the host that lives
  /// as long as they do.
  DistributedOptimizer(torch::nn::Module& module, Communicator& communicator, const UpdateOptions& options,
                       const DistributedOptimizerOptions& more = {});
  ~DistributedOptimizer();
  DistributedOptimizer(const DistributedOptimizer&) = delete;
  DistributedOptimizer& operator=(const DistributedOptimizer&) = delete;

  /// Updates the parameters by the average over all ranks of the gradients accumulated since the last step, times
  /// `gradient_scale`. The gradients are used up: parameter.grad() is undefined afterwards. Parameters without a gradient
  /// on any rank stay as they are. Returns the norm of the scaled gradients before clipping; 0 where nothing is clipped.
  /// Collective.
  double step(double gradient_scale = 1);
  /// Uses the gradients up without an update. Collective only in that all ranks must do it.
  void skip();

  /// Options of the group `index`: 0 for the parameters in no group, then in the order of the groups. To change between
  /// steps, alike on all ranks; momentum not from zero.
  UpdateOptions& options(std::size_t index = 0);
  std::size_t num_groups() const;
  /// For every group that rate times what its first rate was to group 0's.
  void set_learning_rate(double lr);

  /// Exchanges the parameters with their moving averages; a second call exchanges them back. Collective, between steps.
  /// Throws UsageError without moving_average.
  void exchange_with_average();

  /// The state, on rank 0; nothing elsewhere. The tensors are the live ones where one rank has them whole: copy them
  /// before the next step. Collective.
  OptimizerState state();
  /// Goes on from that state, which every rank gives. Throws DataError, before anything changes, for a tensor that is
  /// missing, does not belong or does not fit. Collective.
  void load_state(const OptimizerState& state);

  /// For no_sync(), synchronize_buffers() and stats().
  DataParallel& parallel();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skein
