#include "trainer/parallel/gradient_reducer.h"

#include <torch/csrc/autograd/engine.h>

#include <algorithm>
#include <map>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Indices of `names` in `parameters`. Throws UsageError unless it names all of them, each once.
std::vector<std::size_t> order_of(const std::vector<std::string>& names, const std::vector<NamedTensor>& parameters) {
  std::map<std::string_view, std::size_t> indices;
  for (std::size_t i = 0; i < parameters.size(); ++i) indices.emplace(parameters[i].name, i);
  std::vector<std::size_t> order;
  for (const std::string& name : names) {
    const auto found = indices.find(name);
    if (found == indices.end())
      throw UsageError("gradient_order: no parameter " + name + " is left to be placed",
                       "pass what gradient_order() of a training of the same module told");
    order.push_back(found->second);
    indices.erase(found);
  }
  if (!indices.empty())
    throw UsageError(concat("gradient_order leaves ", indices.begin()->first, " out"),
                     "pass what gradient_order() of a training of the same module told");
  return order;
}

}  // namespace

DataParallel::Reducer::Reducer(std::vector<NamedTensor> parameters, Communicator& communicator,
                               const DataParallelOptions& options)
    : parameters_(std::move(parameters)),
      communicator_(communicator),
      communication_hook_(options.communication_hook ? options.communication_hook : std::make_shared<AverageHook>()),
      overlap_(options.overlap),
      layout_(communicator, parameters_, options.buckets),
      bucket_states_(layout_.buckets().size()),
      is_ready_(parameters_.size(), false),
      kept_values_(parameters_.size()),
      is_used_(parameters_.size(), 0),
      is_lent_(parameters_.size(), false) {
  if (options.gradient_order.empty())
    announce_plan();
  else
    arrange(order_of(options.gradient_order, parameters_));
  hooks_.reserve(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    hooks_.emplace_back(parameters_[i].tensor,
                        GradientHookFunctions{[this, i] { on_accumulated(i); }, [this, i] { return lend_destination(i); }});
}

DataParallel::Reducer::~Reducer() {
  const bool under_way = std::any_of(bucket_states_.begin(), bucket_states_.end(),
                                     [](const BucketState& state) { return state.work.valid() && !state.work.done(); });
  if (under_way) new GradientLayout(std::move(layout_));  // the communicator's thread works in its memory
}

/// Must not throw: other ranks are counting on this rank's part of the collectives. finish_pass() throws instead.
void DataParallel::Reducer::on_accumulated(std::size_t parameter) {
  const bool averages = overlap_ && !no_sync_;
  const bool was_abandoned = in_pass_ && pass_.expired();
  if (averages && (!in_pass_ || was_abandoned)) begin_pass();
  if (was_abandoned && !failure_)
    failure_ = std::make_exception_ptr(
        UsageError("an earlier backward() failed before the gradients were averaged, so the ranks no longer agree",
                   "let its error end the program, or make a new DataParallel"));
  if (failure_) return;
  try {
    collect(parameter);
    if (averages) mark_ready(parameter);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void DataParallel::Reducer::begin_pass() {
  in_pass_ = true;
  // A backward that fails drops its callbacks, and `pass` with them.
  const auto pass = std::make_shared<const int>();
  pass_ = pass;
  torch::autograd::Engine::get_default_engine().queue_callback([this, pass] { finish_pass(); });
}

/// Moves a fresh gradient to its place in the bucket while it is in the cache. One that autograd has accumulated in
/// place is there already.
void DataParallel::Reducer::collect(std::size_t parameter) {
  torch::Tensor& gradient = parameters_[parameter].tensor.mutable_grad();
  check_gradient(parameter, gradient);
  is_used_[parameter] = 1;
  if (lies_in_place(parameter)) return;
  const torch::NoGradGuard no_grad;
  layout_.view(parameter).copy_(gradient);
  gradient = layout_.view(parameter);
}

/// The place in the bucket, unless it holds a gradient or is being written.
torch::Tensor DataParallel::Reducer::lend_destination(std::size_t parameter) {
  if (is_lent_[parameter] || is_used_[parameter] != 0 || parameters_[parameter].tensor.grad().defined()) return {};
  is_lent_[parameter] = true;
  return layout_.view(parameter).alias();  // autograd keeps what nobody else holds
}

void DataParallel::Reducer::check_gradient(std::size_t parameter, const torch::Tensor& gradient) const {
  const torch::Tensor& view = layout_.view(parameter);
  const std::string& name = parameters_[parameter].name;
  if (gradient.layout() != torch::kStrided)
    throw UsageError("the gradient of " + name + " is sparse", "use a dense layer (Embedding without sparse(true))");
  if (gradient.scalar_type() != view.scalar_type() || gradient.sizes() != view.sizes() ||
      gradient.device() != view.device())
    throw UsageError(concat(name, " had shape ", view.sizes(), " and type ", view.scalar_type(), " on ", view.device(),
                            " when DataParallel wrapped its module, now its gradient has ", gradient.sizes(), ", ",
                            gradient.scalar_type(), ", ", gradient.device()),
                     "call module.to(...) before wrapping");
  if (gradient.requires_grad())
    throw UsageError("the gradient of " + name + " itself requires grad", "call backward() without create_graph");
}

bool DataParallel::Reducer::lies_in_place(std::size_t parameter) const {
  const torch::Tensor& gradient = parameters_[parameter].tensor.grad();
  return gradient.defined() && gradient.data_ptr() == layout_.view(parameter).data_ptr() &&
         gradient.strides() == layout_.view(parameter).strides();
}

void DataParallel::Reducer::mark_ready(std::size_t parameter) {
  if (is_ready_[parameter])
    throw UsageError("the gradient of " + parameters_[parameter].name + " was accumulated twice before it was averaged",
                     "do not go on after a backward() that failed, and do not nest backward() calls");
  is_ready_[parameter] = true;
  if (!order_is_settled_) order_of_use_.push_back(parameter);
  ++bucket_states_[layout_.bucket_of(parameter)].num_ready;
  launch_ready_buckets();
}

void DataParallel::Reducer::launch_ready_buckets() {
  while (num_launched_ < bucket_states_.size() &&
         bucket_states_[num_launched_].num_ready == layout_.buckets()[num_launched_].parameters.size())
    launch_next_bucket();
}

void DataParallel::Reducer::launch_next_bucket() {
  const torch::NoGradGuard no_grad;
  BucketState& state = bucket_states_[num_launched_];
  state.work = communication_hook_->start(layout_.buckets()[num_launched_].content, communicator_);
  ++num_launched_;
}

void DataParallel::Reducer::finish_pass() {
  in_pass_ = false;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  contribute_unready();
  while (num_launched_ < bucket_states_.size()) launch_next_bucket();
  wait_for_buckets();
  settle_gradients();
  // A rank that has joined a JoinScope would not hear of it.
  if (!order_is_settled_ && communicator_.num_active() == communicator_.world_size()) follow_order_of_use();
  order_of_use_.clear();

  bucket_states_.assign(layout_.buckets().size(), {});
  num_launched_ = 0;
  is_ready_.assign(parameters_.size(), false);
  is_used_.assign(parameters_.size(), 0);
  is_lent_.assign(parameters_.size(), false);
  ++stats_.num_backwards;
}

/// A parameter that this pass did not reach adds what its gradient holds (from no_sync or an earlier pass), else zeros.
void DataParallel::Reducer::contribute_unready() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = num_launched_; i < bucket_states_.size(); ++i) {
    for (const std::size_t parameter : layout_.buckets()[i].parameters) {
      if (is_ready_[parameter]) continue;
      torch::Tensor view = layout_.view(parameter);
      const torch::Tensor& gradient = parameters_[parameter].tensor.grad();
      if (!gradient.defined())
        view.zero_();
      else if (!lies_in_place(parameter))
        view.copy_(gradient);
      else if (is_used_[parameter] == 0)
        kept_values_[parameter] = view.clone();
    }
  }
}

void DataParallel::Reducer::wait_for_buckets() {
  const auto start = Clock::now();
  // Behind the buckets in the communicator's order, so that one wait covers all.
  communicator_.allreduce({is_used_.data(), is_used_.size(), DType::kUInt8}, ReduceOp::kMax, "gradients in use");
  for (std::size_t num_under_way = bucket_states_.size(); num_under_way > 0;) {  // in rounds, so that buckets overlap
    num_under_way = 0;
    for (std::size_t i = 0; i < bucket_states_.size(); ++i) {
      if (bucket_states_[i].is_averaged) continue;
      advance(i);
      if (!bucket_states_[i].is_averaged) ++num_under_way;
    }
  }
  stats_.exposed_seconds += seconds_since(start);
}

void DataParallel::Reducer::advance(std::size_t bucket) {
  BucketState& state = bucket_states_[bucket];
  if (state.work.valid()) {
    state.work.wait();
    stats_.total_seconds += std::chrono::duration<double>(state.work.run_time()).count();
  }
  state.work = communication_hook_->proceed(layout_.buckets()[bucket].content, communicator_);
  state.is_averaged = !state.work.valid();
}

/// Now is_used_ says what was used on any rank. What was not keeps the gradient it had.
void DataParallel::Reducer::settle_gradients() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (is_used_[i] != 0)
      parameters_[i].tensor.mutable_grad() = layout_.view(i);
    else if (kept_values_[i].defined())
      torch::Tensor(layout_.view(i)).copy_(kept_values_[i]);
    kept_values_[i].reset();
  }
}

/// After the first pass of all ranks: rank 0's order of use becomes everyone's order of travel.
void DataParallel::Reducer::follow_order_of_use() {
  std::vector<std::int32_t> order(order_of_use_.begin(), order_of_use_.end());
  for (const std::size_t parameter : reverse_order(parameters_.size()))
    if (std::find(order_of_use_.begin(), order_of_use_.end(), parameter) == order_of_use_.end())
      order.push_back(static_cast<std::int32_t>(parameter));
  communicator_.broadcast({order.data(), order.size(), DType::kInt32}, 0, "order of gradients");
  std::vector<bool> in_place(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) in_place[i] = lies_in_place(i);
  arrange({order.begin(), order.end()});
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (in_place[i]) parameters_[i].tensor.mutable_grad() = layout_.view(i);
}

void DataParallel::Reducer::arrange(std::vector<std::size_t> order) {
  layout_.arrange(order);
  bucket_states_.assign(layout_.buckets().size(), {});
  order_ = std::move(order);
  order_is_settled_ = true;
  announce_plan();
}

void DataParallel::Reducer::announce_plan() {
  std::vector<GradientBucket> buckets;
  for (const GradientLayout::Bucket& bucket : layout_.buckets()) buckets.push_back(bucket.content);
  communication_hook_->plan(buckets);
}

std::vector<std::string> DataParallel::Reducer::gradient_order() const {
  std::vector<std::string> names;
  for (const std::size_t parameter : order_) names.push_back(parameters_[parameter].name);
  return names;
}

}  // namespace skein
