// The steps of DistributedOptimizer.

#include "trainer/parallel/distributed_optimizer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/distributed_optimizer_impl.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {

double DistributedOptimizer::Impl::step(double gradient_scale) {
  const torch::NoGradGuard no_grad;
  check_step();
  find_used();
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (is_used_[i]) ++steps_[i];
  ++num_steps_;
  double norm = 0;
  if (is_measured()) norm = measure(gradient_scale);
  const double clipped = more_.clip_norm > 0 ? std::min(1.0, more_.clip_norm / (norm + 1e-6)) : 1;
  update(gradient_scale * clipped);
  if (finds_direction(options_[0])) step_along_direction();
  publish();
  skip();
  return norm;
}

void DistributedOptimizer::Impl::skip() {
  for (NamedTensor& named : parameters_) named.tensor.mutable_grad().reset();
}

void DistributedOptimizer::Impl::check_step() const {
  if (communicator_.num_active() != communicator_.world_size())
    throw UsageError("DistributedOptimizer: a rank has joined a JoinScope, and would not update its slice",
                     "use DataParallel and an optimizer of each rank's own where ranks may run out of data");
  for (const UpdateOptions& group : options_)
    if (state_names(group).size() > states_.size())
      throw UsageError("DistributedOptimizer: momentum was 0 when it was made, so there is no memory for it",
                       "give momentum in the constructor");
}

/// Gradients must lie where backward has put them, since that is where the other ranks read them.
void DistributedOptimizer::Impl::find_used() {
  is_used_.assign(parameters_.size(), false);
  for (const GradientRegion& region : regions_->regions())
    for (const PlacedParameter& placed : region.placed) {
      const NamedTensor& named = parameters_[placed.parameter];
      const torch::Tensor& gradient = named.tensor.grad();
      if (!gradient.defined()) continue;
      if (gradient.data_ptr() != address_of(region.memory, placed.offset))
        throw UsageError("DistributedOptimizer: the gradient of " + named.name + " was replaced after backward()",
                         "change gradients in place");
      is_used_[placed.parameter] = true;
    }
}

void DistributedOptimizer::Impl::average(const GradientRegion& region, const PlannedChunk& chunk,
                                         const torch::Tensor& output) {
  communicator_.reduce_scatter(as_buffer(all_slices(region, chunk)), as_buffer(output), ReduceOp::kAverage,
                               "gradients of the update", chunk.slice_counts);
}

/// Memory for this rank's averages of a chunk, until the next chunk.
torch::Tensor DistributedOptimizer::Impl::scratch_for(const GradientRegion& region, const PlannedChunk& chunk) {
  const auto count = static_cast<std::int64_t>(chunk.slice_counts[owners_.self]);
  const std::int64_t num_bytes = count * region.memory.element_size();
  if (!scratch_.defined() || scratch_.numel() < num_bytes) scratch_ = torch::empty({num_bytes}, torch::kUInt8);
  return torch::from_blob(scratch_.data_ptr(), {count}, region.memory.options());
}

void DistributedOptimizer::Impl::for_own_blocks(const GradientRegion& region, const PlannedChunk& chunk,
                                                const torch::Tensor& gradients, const BlockTask& task) {
  const auto num_own = static_cast<std::int64_t>(chunk.blocks.size());
  at::parallel_for(0, num_own, /*grain_size=*/4, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const PlannedBlock& planned = chunk.blocks[i];
      UpdateBlock block;
      block.type = region.type;
      block.parameter = address_of(parameters_[planned.parameter].tensor, planned.begin);
      block.gradient = address_of(gradients, planned.offset - chunk.own_begin);
      for (std::size_t kind = 0; kind < states_.size(); ++kind)
        block.states[kind] = address_of(states_[kind][planned.parameter], planned.begin);
      block.count = static_cast<std::size_t>(planned.count);
      task(planned.parameter, planned.begin / kBlockElements, block);
    }
  });
}

void DistributedOptimizer::Impl::for_all_own_blocks(const BlockTask& task) {
  for (const GradientRegion& region : regions_->regions())
    for (const PlannedChunk& chunk : region.chunks)
      for_own_blocks(region, chunk, own_slice(region, chunk, owners_.self), task);
}

/// Returns the norm of all gradients, scaled. Afterwards this rank's slices hold averages.
double DistributedOptimizer::Impl::measure(double gradient_scale) {
  norms_->clear();
  for (const GradientRegion& region : regions_->regions())
    for (const PlannedChunk& chunk : region.chunks) {
      const torch::Tensor own = own_slice(region, chunk, owners_.self);
      if (averaging_ == Averaging::kLater) average(region, chunk, own);
      for_own_blocks(region, chunk, own, [&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
        if (!is_used_[parameter]) return;
        norms_->set(BlockNorms::kGradients, parameter, index, sum_of_squares(block.type, block.gradient, block.count));
        if (needs_norms(options_[0]))
          norms_->set(BlockNorms::kParameters, parameter, index, sum_of_squares(block.type, block.parameter, block.count));
      });
    }
  norms_->exchange();
  double sum = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (is_used_[i]) sum += norms_->sum_of_squares(BlockNorms::kGradients, i);
  return std::sqrt(sum) * std::abs(gradient_scale);
}

void DistributedOptimizer::Impl::update(double gradient_scale) {
  std::vector<ParameterUpdate> updates;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const UpdateOptions& options = options_[group_of_[i]];
    const bool is_scaled = is_used_[i] && needs_norms(options);
    const double trust = is_scaled ? lars_trust(options, norms_->norm(BlockNorms::kParameters, i),
                                                norms_->norm(BlockNorms::kGradients, i) * std::abs(gradient_scale))
                                   : 1;
    updates.emplace_back(options, std::max<std::int64_t>(1, steps_[i]), gradient_scale, trust);
  }
  const bool follows = moving_average_is_due() && !finds_direction(options_[0]);
  for (const GradientRegion& region : regions_->regions())
    for (const PlannedChunk& chunk : region.chunks) {
      const bool averages = averaging_ == Averaging::kLater && !is_measured();
      const bool in_place = !averages || finds_direction(options_[0]);  // a direction outlives its chunk
      const torch::Tensor gradients = in_place ? own_slice(region, chunk, owners_.self) : scratch_for(region, chunk);
      if (averages) average(region, chunk, gradients);
      for_own_blocks(region, chunk, gradients, [&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
        if (!is_used_[parameter]) return;
        updates[parameter].apply(block);
        if (follows) follow_with_average(parameter, index, block);
      });
    }
}

bool DistributedOptimizer::Impl::moving_average_is_due() const {
  return more_.moving_average && num_steps_ % more_.moving_average->every == 0;
}

void DistributedOptimizer::Impl::follow_with_average(std::size_t parameter, std::size_t index, const UpdateBlock& block) {
  follow(block.type, average_of(parameter, index), block.parameter, 1 - more_.moving_average->decay, block.count);
}

void DistributedOptimizer::Impl::step_along_direction() {
  norms_->clear();
  for_all_own_blocks([&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
    if (!is_used_[parameter]) return;
    norms_->set(BlockNorms::kParameters, parameter, index, sum_of_squares(block.type, block.parameter, block.count));
    norms_->set(BlockNorms::kDirections, parameter, index, sum_of_squares(block.type, block.gradient, block.count));
  });
  norms_->exchange();
  std::vector<double> factors(parameters_.size(), 0);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (is_used_[i])
      factors[i] = lamb_factor(options_[group_of_[i]], norms_->norm(BlockNorms::kParameters, i),
                               norms_->norm(BlockNorms::kDirections, i));
  const bool follows = moving_average_is_due();
  for_all_own_blocks([&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
    if (!is_used_[parameter]) return;
    add_scaled(block.type, block.parameter, block.gradient, factors[parameter], block.count);
    if (follows) follow_with_average(parameter, index, block);
  });
}

/// Makes the owners' parameters everyone's. Parameters on several ranks travel by the gradients' memory, which has been
/// used up.
void DistributedOptimizer::Impl::publish() {
  if (more_.placement == StatePlacement::kHost) host().barrier("parameters are updated");
  if (more_.placement != StatePlacement::kSharded) return;
  for_all_own_blocks([&](std::size_t, std::size_t, const UpdateBlock& block) {
    std::memcpy(block.gradient, block.parameter, num_bytes(block));
  });
  std::vector<Work> works;
  for (const GradientRegion& region : regions_->regions())
    for (const PlannedChunk& chunk : region.chunks)
      works.push_back(communicator_.allgather_async(as_buffer(own_slice(region, chunk, owners_.self)),
                                                    as_buffer(all_slices(region, chunk)), "updated parameters",
                                                    chunk.slice_counts));
  auto work = works.begin();
  for (const GradientRegion& region : regions_->regions()) {
    for (std::size_t i = 0; i < region.chunks.size(); ++i) (work++)->wait();
    for (const PlacedParameter& placed : region.placed) {
      const torch::Tensor& parameter = parameters_[placed.parameter].tensor;
      std::memcpy(parameter.data_ptr(), address_of(region.memory, placed.offset), parameter.nbytes());
    }
  }
}

void DistributedOptimizer::Impl::exchange_with_average() {
  if (!more_.moving_average)
    throw UsageError("DistributedOptimizer: there is no moving average", "give DistributedOptimizerOptions::moving_average");
  const torch::NoGradGuard no_grad;
  if (more_.placement == StatePlacement::kHost) host().barrier("parameters are at rest");
  for_all_own_blocks([&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
    auto* const own = static_cast<std::byte*>(block.parameter);
    std::swap_ranges(own, own + num_bytes(block), average_of(parameter, index));
  });
  publish();
}

DistributedOptimizer::DistributedOptimizer(torch::nn::Module& module, Communicator& communicator,
                                           const UpdateOptions& options, const DistributedOptimizerOptions& more)
    : impl_(std::make_unique<Impl>(module, communicator, options, more)) {}
DistributedOptimizer::~DistributedOptimizer() = default;
double DistributedOptimizer::step(double gradient_scale) {
  return impl_->step(gradient_scale);
}
void DistributedOptimizer::skip() {
  impl_->skip();
}
UpdateOptions& DistributedOptimizer::options(std::size_t index) {
  return impl_->options(index);
}
std::size_t DistributedOptimizer::num_groups() const {
  return impl_->num_groups();
}
void DistributedOptimizer::set_learning_rate(double lr) {
  impl_->set_learning_rate(lr);
}
void DistributedOptimizer::exchange_with_average() {
  impl_->exchange_with_average();
}
OptimizerState DistributedOptimizer::state() {
  return impl_->state();
}
void DistributedOptimizer::load_state(const OptimizerState& state) {
  impl_->load_state(state);
}
DataParallel& DistributedOptimizer::parallel() {
  return impl_->parallel();
}

}  // namespace skein
