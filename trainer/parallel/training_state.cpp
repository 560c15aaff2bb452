#include "trainer/parallel/training_state.h"

#include <nlohmann/json.hpp>

#include "collectives/objects.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr std::string_view kModel = "model.";
constexpr std::string_view kOptimizer = "optimizer.";

/// What does not fit; empty: all does.
std::string complaint_about(const std::vector<NamedTensor>& own, const TensorMap& given) {
  for (const NamedTensor& named : own) {
    const auto found = given.find(named.name);
    if (found == given.end()) return concat("there is no ", kModel, named.name);
    if (found->second.sizes() != named.tensor.sizes())
      return concat(kModel, named.name, " has the shape ", found->second.sizes(), " instead of ", named.tensor.sizes());
  }
  return given.size() == own.size() ? "" : concat("it has ", given.size(), " tensors of a model that has ", own.size());
}

}  // namespace

TensorMap part_of(const TensorMap& tensors, std::string_view prefix) {
  TensorMap part;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  return part;
}

TensorMap broadcast_tensor_map(Communicator& communicator, const TensorMap& tensors) {
  json shapes = json::array();
  for (const auto& [name, tensor] : tensors)
    shapes.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
  shapes = json::parse(broadcast_object(communicator, shapes.dump(), 0));
  TensorMap result;
  for (const json& entry : shapes) {
    const auto type = static_cast<torch::ScalarType>(entry[1].get<int>());
    const std::string name = entry[0];
    torch::Tensor tensor = communicator.rank() == 0 ? tensors.at(name).contiguous()
                                                    : torch::empty(entry[2].get<std::vector<std::int64_t>>(), type);
    if (tensor.numel() > 0) broadcast(communicator, tensor, 0, name);
    result[name] = tensor;
  }
  return result;
}

TensorMap training_state(const torch::nn::Module& module, DistributedOptimizer& optimizer) {
  const OptimizerState of_optimizer = optimizer.state();
  if (of_optimizer.empty()) return {};  // another rank than 0
  TensorMap state;
  for (const auto& [name, tensor] : of_optimizer) state[concat(kOptimizer, name)] = tensor.clone();
  for (const NamedTensor& named : state_of(module)) state[concat(kModel, named.name)] = named.tensor.clone();
  return state;
}

void load_training_state(torch::nn::Module& module, DistributedOptimizer& optimizer, Communicator& communicator, const TensorMap& state) {
  const torch::NoGradGuard no_grad;
  const std::vector<NamedTensor> own = state_of(module);
  const TensorMap given = part_of(state, kModel);
  const bool is_root = communicator.rank() == 0;
  const std::string complaint = broadcast_object(communicator, is_root ? complaint_about(own, given) : "", 0);
  if (!complaint.empty())
    throw DataError("the state is of another training: " + complaint, "load the state of the same module and optimizer");
  optimizer.load_state(broadcast_tensor_map(communicator, part_of(state, kOptimizer)));
  for (const NamedTensor& named : own)
    if (is_root) torch::Tensor(named.tensor).copy_(given.at(named.name));
  optimizer.parallel().broadcast_state(0);
}

}  // namespace skein
