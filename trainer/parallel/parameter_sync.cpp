#include "trainer/parallel/parameter_sync.h"

#include <torch/types.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

std::string describe(const NamedTensor& named) {
  return concat(named.name, " ", named.tensor.sizes(), " ", named.tensor.scalar_type(), " strides ",
                named.tensor.strides());
}

std::string describe_all(const std::vector<NamedTensor>& tensors) {
  std::string text;
  for (const NamedTensor& named : tensors) text += describe(named) + "\n";
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string first_difference(const std::string& mine, const std::string& reference) {
  const std::vector<std::string> a = lines_of(mine);
  const std::vector<std::string> b = lines_of(reference);
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string left = i < a.size() ? a[i] : "nothing more";
    const std::string right = i < b.size() ? b[i] : "nothing more";
    if (left != right) return concat("has ", left, " where rank 0 has ", right);
  }
  return "differs";
}

/// Whether `value` is the same on all ranks.
bool same_everywhere(Communicator& communicator, std::uint64_t value) {
  std::uint64_t lowest[] = {value, ~value};
  communicator.allreduce({lowest, 2, DType::kUInt64}, ReduceOp::kMin, "comparison");
  return lowest[0] == ~lowest[1];
}

}  // namespace

std::vector<NamedTensor> trained_parameters(const torch::nn::Module& module) {
  std::vector<NamedTensor> result;
  std::unordered_set<const void*> seen;
  for (const auto& item : module.named_parameters())
    if (item.value().requires_grad() && seen.insert(item.value().unsafeGetTensorImpl()).second)
      result.push_back({item.key(), item.value()});
  return result;
}

std::vector<NamedTensor> state_of(const torch::nn::Module& module) {
  std::vector<NamedTensor> result;
  for (const auto& item : module.named_parameters()) result.push_back({item.key(), item.value().detach()});
  for (const auto& item : module.named_buffers()) result.push_back({item.key(), item.value()});
  return result;
}

void check_same_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors, const std::string& what) {
  const std::string mine = describe_all(tensors);
  if (same_everywhere(communicator, fnv1a(mine))) return;
  const std::vector<std::string> all = allgather_objects(communicator, mine);
  std::string message = "the ranks hold different " + what + ":";
  for (int rank = 1; rank < communicator.world_size(); ++rank)
    if (all[rank] != all[0])
      message += concat("\n  ", communicator.topology().describe(rank), " ", first_difference(all[rank], all[0]));
  throw MismatchError(message, "build the same model on every rank: same program, options and number of classes");
}

void broadcast_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors, int root) {
  for (const NamedTensor& named : tensors) {
    torch::Tensor tensor = named.tensor;
    broadcast(communicator, tensor, root, named.name);
  }
}

void average_tensors(Communicator& communicator, const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& named : tensors) {
    torch::Tensor tensor = named.tensor;
    if (tensor.is_floating_point())
      allreduce(communicator, tensor, ReduceOp::kAverage, named.name);
    else
      broadcast(communicator, tensor, 0, named.name);
  }
}

void check_identical_values(Communicator& communicator, const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& named : tensors) {
    const Buffer buffer = as_buffer(named.tensor);
    if (!same_everywhere(communicator, fnv1a({static_cast<const char*>(buffer.data), buffer.num_bytes()})))
      throw MismatchError("tensor " + named.name + " is not the same on all ranks");
  }
}

}  // namespace skein
