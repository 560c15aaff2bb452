#pragma once
// The engine of DistributedOptimizer.

#include <torch/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainer/parallel/block_norms.h"
#include "trainer/parallel/distributed_optimizer.h"
#include "trainer/parallel/gradient_regions.h"
#include "trainer/parallel/update_memory.h"
#include "trainer/parallel/update_rule.h"

namespace skein {

/// A step is up to four passes over the blocks that this rank owns: average (unless backward has done it), measure the
/// norms (clipping, LARS), update, and step along the direction (LAMB). Where norms are not needed, average and update are
/// one pass, chunk by chunk.
class DistributedOptimizer::Impl {
 public:
  Impl(torch::nn::Module& module, Communicator& communicator, const UpdateOptions& options,
       const DistributedOptimizerOptions& more);

  double step(double gradient_scale);
  void skip();
  UpdateOptions& options(std::size_t index) { return options_.at(index); }
  std::size_t num_groups() const { return options_.size(); }
  void set_learning_rate(double lr);
  void exchange_with_average();
  OptimizerState state();
  void load_state(const OptimizerState& state);
  DataParallel& parallel() { return *parallel_; }

 private:
  using BlockTask = std::function<void(std::size_t parameter, std::size_t block, const UpdateBlock&)>;

  // Preparation
  void assign_groups(const std::vector<ParameterGroup>& groups);
  void make_memory();
  GradientRegions::Owners find_owners() const;
  Averaging choose_averaging() const;
  const Topology::Member& me() const { return communicator_.topology().members[communicator_.rank()]; }

  // A step
  void check_step() const;
  void find_used();
  void average(const GradientRegion& region, const PlannedChunk& chunk, const torch::Tensor& output);
  torch::Tensor scratch_for(const GradientRegion& region, const PlannedChunk& chunk);
  double measure(double gradient_scale);
  void update(double gradient_scale);
  void step_along_direction();
  void publish();
  /// Whether norms must be known before the update.
  bool is_measured() const { return more_.clip_norm > 0 || needs_norms(options_[0]); }
  bool moving_average_is_due() const;
  void follow_with_average(std::size_t parameter, std::size_t index, const UpdateBlock& block);

  void for_own_blocks(const GradientRegion& region, const PlannedChunk& chunk, const torch::Tensor& gradients,
                      const BlockTask& task);
  /// The gradients being where backward has put them.
  void for_all_own_blocks(const BlockTask& task);
  std::string state_name(std::size_t state, std::size_t parameter) const;
  std::byte* average_of(std::size_t parameter, std::size_t index) const {
    return address_of(averages_[parameter], static_cast<std::int64_t>(index) * kBlockElements);
  }
  void copy_in(const OptimizerState& state);
  void copy_in(const torch::Tensor& whole, std::size_t parameter, const torch::Tensor& own);
  Communicator& host() { return host_ ? *host_ : communicator_; }

  Communicator& communicator_;
  DistributedOptimizerOptions more_;
  std::vector<UpdateOptions> options_;  // by group
  std::vector<double> first_rates_;     // by group
  std::vector<NamedTensor> parameters_;
  std::vector<std::size_t> group_of_;  // by parameter
  GradientRegions::Owners owners_;
  Averaging averaging_;
  std::shared_ptr<GradientRegions> regions_;
  std::unique_ptr<DataParallel> parallel_;
  std::unique_ptr<Communicator> host_;  // with kHost on several hosts

  std::vector<std::string> state_names_;
  std::vector<std::vector<torch::Tensor>> states_;  // by state, by parameter
  std::vector<torch::Tensor> averages_;             // by parameter: of moving_average
  std::unique_ptr<BlockNorms> norms_;
  std::vector<std::int64_t> steps_;    // by parameter
  std::int64_t num_steps_ = 0;
  std::vector<bool> is_used_;          // by parameter, in this step
  torch::Tensor scratch_;
};

}  // namespace skein
