#include "trainer/parallel/distributed_optimizer_impl.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

/// Of a rank's slice of a chunk: its averages stay in the cache until they are used (measured: ResNet-18 with 32, 128 and
/// 512 KiB 119.8, 117.4 and 121.6 images/s).
constexpr std::int64_t kSliceBytes = 512 * 1024;

void check_parameter(const NamedTensor& named) {
  const torch::Tensor& tensor = named.tensor;
  if (!tensor.is_cpu())
    throw UsageError(concat("DistributedOptimizer: ", named.name, " is on ", tensor.device()),
                     "use DataParallel and an optimizer of LibTorch there");
  if (tensor.scalar_type() != torch::kFloat32 && tensor.scalar_type() != torch::kFloat64)
    throw UsageError(concat("DistributedOptimizer: ", named.name, " is of type ", tensor.scalar_type()),
                     "keep parameters in float32, and compute in 16 bits by autocast");
  as_buffer(tensor);  // throws where its elements leave gaps
}

std::string describe(const std::vector<UpdateOptions>& options, const DistributedOptimizerOptions& more) {
  std::string text = concat("placement=", static_cast<int>(more.placement), " clip_norm=", more.clip_norm);
  if (more.moving_average)
    text += concat(" decay=", more.moving_average->decay, " every=", more.moving_average->every);
  for (const UpdateOptions& group : options) text += "; " + skein::describe(group);
  for (const ParameterGroup& group : more.groups)
    for (const std::string& name : group.parameters) text += " " + name;
  return text;
}

void check_same_options(Communicator& communicator, const std::string& own) {
  const std::vector<std::string> all = allgather_objects(communicator, own);
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      throw MismatchError(concat("DistributedOptimizer: the options of rank ", rank, " are ", all[rank], ", of rank 0 ", all[0]));
}

void check_more(const DistributedOptimizerOptions& more) {
  if (!(more.clip_norm >= 0))
    throw UsageError(concat("DistributedOptimizer: clip_norm is ", more.clip_norm), "give 0 for none, or a norm");
  if (!more.moving_average) return;
  if (!(more.moving_average->decay >= 0 && more.moving_average->decay <= 1))
    throw UsageError(concat("DistributedOptimizer: the moving average's decay is ", more.moving_average->decay),
                     "give 0 <= decay <= 1, usually just below 1");
  if (more.moving_average->every < 1)
    throw UsageError(concat("DistributedOptimizer: a moving average every ", more.moving_average->every, " steps"),
                     "give 1 or more");
}

}  // namespace

DistributedOptimizer::Impl::Impl(torch::nn::Module& module, Communicator& communicator, const UpdateOptions& options,
                                 const DistributedOptimizerOptions& more)
    : communicator_(communicator),
      more_(more),
      options_{options},
      parameters_(trained_parameters(module)),
      owners_(find_owners()),
      averaging_(choose_averaging()) {
  check_more(more);
  check_update_options(options, "DistributedOptimizer");
  for (const NamedTensor& named : parameters_) check_parameter(named);
  assign_groups(more.groups);
  check_same_options(communicator, describe(options_, more));
  for (const UpdateOptions& group : options_) first_rates_.push_back(learning_rate_of(group));

  std::map<std::string, std::size_t> indices;
  for (std::size_t i = 0; i < parameters_.size(); ++i) indices[parameters_[i].name] = i;
  regions_ = std::make_shared<GradientRegions>(averaging_, owners_, indices, more.communication_hook);
  DataParallelOptions parallel{
      .buckets = more.buckets, .communication_hook = regions_, .gradient_order = more.gradient_order};
  if (more.placement == StatePlacement::kSharded && parallel.gradient_order.empty())  // owners never change
    for (const std::size_t i : reverse_order(parameters_.size())) parallel.gradient_order.push_back(parameters_[i].name);
  parallel_ = std::make_unique<DataParallel>(module, communicator, parallel);
  make_memory();
}

void DistributedOptimizer::Impl::assign_groups(const std::vector<ParameterGroup>& groups) {
  group_of_.assign(parameters_.size(), 0);
  for (const ParameterGroup& group : groups) {
    const std::string where = concat("DistributedOptimizer, group ", options_.size());
    if (group.options.index() != options_[0].index())
      throw UsageError(concat(where, " has the rule ", rule_name(group.options), ", the other parameters ", rule_name(options_[0])),
                       "give all groups the same rule");
    check_update_options(group.options, where);
    for (const std::string& name : group.parameters) {
      const auto found = std::ranges::find(parameters_, name, &NamedTensor::name);
      if (found == parameters_.end())
        throw UsageError(concat(where, ": the module has no parameter ", name, " that is trained"),
                         "give names as module.named_parameters() has them");
      std::size_t& assigned = group_of_[found - parameters_.begin()];
      if (assigned != 0) throw UsageError(concat(where, ": ", name, " is in group ", assigned, " too"), "name it once");
      assigned = options_.size();
    }
    options_.push_back(group.options);
  }
}

Averaging DistributedOptimizer::Impl::choose_averaging() const {
  if (more_.placement == StatePlacement::kReplicated || more_.communication_hook) return Averaging::kInBackward;
  if (more_.placement == StatePlacement::kSharded) return Averaging::kScattered;
  return communicator_.topology().num_hosts() == 1 ? Averaging::kLater : Averaging::kInBackward;
}

GradientRegions::Owners DistributedOptimizer::Impl::find_owners() const {
  const std::int64_t slice_bytes = kSliceBytes * at::get_num_threads();
  if (more_.placement == StatePlacement::kReplicated) return {1, 0, slice_bytes};
  if (more_.placement == StatePlacement::kSharded)
    return {communicator_.world_size(), communicator_.rank(), slice_bytes};
  return {static_cast<int>(communicator_.topology().ranks_of_host(me().host).size()), me().local_rank, slice_bytes};
}

/// All ranks hold the same parameters by now.
void DistributedOptimizer::Impl::make_memory() {
  const torch::NoGradGuard no_grad;
  const bool is_shared = more_.placement == StatePlacement::kHost;
  const bool several_hosts = communicator_.topology().num_hosts() > 1;
  if (is_shared && several_hosts) host_ = communicator_.split(communicator_.topology().ranks_of_host(me().host));
  Communicator* const host = !is_shared ? nullptr : several_hosts ? host_.get() : &communicator_;
  const UpdateMemory memory = is_shared ? UpdateMemory::of_host(*host) : UpdateMemory::of_rank();

  for (const UpdateOptions& group : options_)
    if (std::vector<std::string> names = state_names(group); names.size() > state_names_.size()) state_names_ = names;
  for (std::size_t i = 0; i < state_names_.size(); ++i) states_.push_back(memory.like(parameters_));
  if (more_.moving_average) averages_ = memory.like(parameters_);
  const std::vector<torch::Tensor> shared = is_shared ? memory.like(parameters_) : std::vector<torch::Tensor>();
  const bool writes = !is_shared || me().local_rank == 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    torch::Tensor& parameter = parameters_[i].tensor;
    if (is_shared && writes) torch::Tensor(shared[i]).copy_(parameter);
    if (is_shared) parameter.set_data(shared[i]);
  }
  if (is_shared) host->barrier("parameters are shared");
  if (!averages_.empty())
    for_all_own_blocks([&](std::size_t parameter, std::size_t index, const UpdateBlock& block) {
      std::memcpy(average_of(parameter, index), block.parameter, num_bytes(block));
    });

  std::vector<std::int64_t> counts;
  for (const NamedTensor& named : parameters_) counts.push_back(named.tensor.numel());
  const bool is_sharded = more_.placement == StatePlacement::kSharded;
  norms_ = std::make_unique<BlockNorms>(counts, memory,
                                        BlockNorms::Sharing{is_sharded ? &communicator_ : nullptr, host});
  steps_.assign(parameters_.size(), 0);
  is_used_.assign(parameters_.size(), false);
}

void DistributedOptimizer::Impl::set_learning_rate(double lr) {
  for (std::size_t i = 0; i < options_.size(); ++i)
    skein::set_learning_rate(options_[i], first_rates_[0] > 0 ? lr * (first_rates_[i] / first_rates_[0]) : lr);
}

std::string DistributedOptimizer::Impl::state_name(std::size_t state, std::size_t parameter) const {
  return concat(state_names_[state], ".", parameters_[parameter].name);
}

namespace {

/// The tensor on rank 0, of which every rank has the parts that are not zero; undefined elsewhere.
torch::Tensor collect(Communicator& communicator, const torch::Tensor& tensor, std::string_view name) {
  Buffer input = as_buffer(tensor);
  input.count = tensor.nbytes();
  input.dtype = DType::kUInt8;
  torch::Tensor collected = communicator.rank() == 0 ? torch::empty_like(tensor) : torch::Tensor();
  Buffer output;
  if (collected.defined()) {
    output = input;
    output.data = collected.data_ptr();
  }
  communicator.reduce(input, output, 0, ReduceOp::kSum, name);
  return collected;
}

}  // namespace

OptimizerState DistributedOptimizer::Impl::state() {
  const bool is_sharded = more_.placement == StatePlacement::kSharded;
  OptimizerState state;
  const auto add = [&](const std::string& name, const torch::Tensor& tensor) {
    const torch::Tensor whole = is_sharded ? collect(communicator_, tensor, name) : tensor;
    if (communicator_.rank() == 0) state[name] = whole;
  };
  for (std::size_t kind = 0; kind < states_.size(); ++kind)
    for (std::size_t i = 0; i < parameters_.size(); ++i) add(state_name(kind, i), states_[kind][i]);
  for (std::size_t i = 0; i < averages_.size(); ++i) add("average." + parameters_[i].name, averages_[i]);
  if (communicator_.rank() == 0) state["steps"] = torch::tensor(steps_, torch::kInt64);
  return state;
}

void DistributedOptimizer::Impl::load_state(const OptimizerState& state) {
  const auto find = [&](const std::string& name, torch::IntArrayRef sizes) -> const torch::Tensor& {
    const auto found = state.find(name);
    if (found == state.end()) throw DataError("the optimizer's state has no " + name, "load a state of the same optimizer");
    if (found->second.sizes() != sizes)
      throw DataError(concat("the optimizer's state has ", name, " of shape ", found->second.sizes(), " instead of ", sizes),
                      "load a state of the same model");
    return found->second;
  };
  std::size_t num_expected = 1;
  find("steps", {static_cast<std::int64_t>(parameters_.size())});
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    for (std::size_t kind = 0; kind < states_.size(); ++kind) find(state_name(kind, i), parameters_[i].tensor.sizes());
    if (!averages_.empty()) find("average." + parameters_[i].name, parameters_[i].tensor.sizes());
    num_expected += states_.size() + (averages_.empty() ? 0 : 1);
  }
  if (state.size() != num_expected)
    throw DataError(concat("the optimizer's state has ", state.size(), " tensors, of which this optimizer (", rule_name(options_[0]),
                           ") knows ", num_expected),
                    "load a state of the same optimizer");
  const torch::Tensor steps = state.at("steps").to(torch::kInt64).contiguous();
  steps_.assign(steps.data_ptr<std::int64_t>(), steps.data_ptr<std::int64_t>() + steps.numel());
  num_steps_ = *std::ranges::max_element(steps_);
  copy_in(state);
}

/// Of memory that ranks share one of them writes; of a divided state every rank writes the blocks that it owns.
void DistributedOptimizer::Impl::copy_in(const OptimizerState& state) {
  const torch::NoGradGuard no_grad;
  const bool is_shared = more_.placement == StatePlacement::kHost;
  for (std::size_t i = 0; i < parameters_.size() && (!is_shared || me().local_rank == 0); ++i) {
    for (std::size_t kind = 0; kind < states_.size(); ++kind) copy_in(state.at(state_name(kind, i)), i, states_[kind][i]);
    if (!averages_.empty()) copy_in(state.at("average." + parameters_[i].name), i, averages_[i]);
  }
  if (is_shared) host().barrier("optimizer state is loaded");
}

void DistributedOptimizer::Impl::copy_in(const torch::Tensor& whole, std::size_t parameter, const torch::Tensor& own) {
  if (more_.placement != StatePlacement::kSharded) {
    torch::Tensor(own).copy_(whole);
    return;
  }
  const torch::Tensor ordered = torch::empty_like(own).copy_(whole);  // as the parameter lies in memory
  for (const GradientRegion& region : regions_->regions())
    for (const PlannedChunk& chunk : region.chunks)
      for (const PlannedBlock& block : chunk.blocks)
        if (block.parameter == parameter)
          std::memcpy(address_of(own, block.begin), address_of(ordered, block.begin), block.count * own.element_size());
}

}  // namespace skein
