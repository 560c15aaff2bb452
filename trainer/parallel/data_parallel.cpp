#include "trainer/parallel/data_parallel.h"

#include <torch/nn/module.h>

#include "runtime/process/error.h"
#include "trainer/parallel/gradient_reducer.h"

namespace skein {
namespace {

std::vector<NamedTensor> named_buffers(const torch::nn::Module& module) {
  std::vector<NamedTensor> result;
  for (const auto& item : module.named_buffers()) result.push_back({item.key(), item.value()});
  return result;
}

}  // namespace

DataParallel::DataParallel(torch::nn::Module& module, Communicator& communicator, const DataParallelOptions& options)
    : module_(module), communicator_(communicator) {
  std::vector<NamedTensor> parameters = trained_parameters(module);
  if (parameters.empty())
    throw UsageError("the module has no parameter that requires grad", "wrap the module that is trained");
  const std::vector<NamedTensor> state = state_of(module);
  check_same_tensors(communicator, state, "parameters");
  broadcast_tensors(communicator, state, 0);
  reducer_ = std::make_unique<Reducer>(std::move(parameters), communicator, options);
}

DataParallel::~DataParallel() = default;

DataParallel::NoSync::NoSync(DataParallel& parallel) : parallel_(parallel), previous_(parallel.reducer_->no_sync()) {
  parallel_.reducer_->set_no_sync(true);
}

DataParallel::NoSync::~NoSync() {
  parallel_.reducer_->set_no_sync(previous_);
}

void DataParallel::synchronize() {
  reducer_->finish_pass();
}

void DataParallel::synchronize_buffers() {
  average_tensors(communicator_, named_buffers(module_));
}

void DataParallel::broadcast_state(int root) {
  broadcast_tensors(communicator_, state_of(module_), root);
}

const CommunicationStats& DataParallel::stats() const {
  return reducer_->stats();
}
void DataParallel::reset_stats() {
  reducer_->reset_stats();
}
std::vector<std::string> DataParallel::gradient_order() const {
  return reducer_->gradient_order();
}
std::size_t DataParallel::num_buckets() const {
  return reducer_->num_buckets();
}

}  // namespace skein
