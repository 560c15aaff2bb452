#include "trainer/checkpoint.h"

#include <torch/torch.h>

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/space_check.h"
#include "trainer/weights/tensor_file.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

TensorFile collect_state(const torch::nn::Module& module, const torch::optim::SGD& optimizer) {
  TensorFile file;
  for (const auto& item : module.named_parameters()) file.tensors["model." + item.key()] = item.value().detach();
  for (const auto& item : module.named_buffers()) file.tensors["model." + item.key()] = item.value();
  for (const auto& item : module.named_parameters()) {
    const auto found = optimizer.state().find(item.value().unsafeGetTensorImpl());
    if (found == optimizer.state().end()) continue;
    const auto& momentum = static_cast<const torch::optim::SGDParamState&>(*found->second).momentum_buffer();
    if (momentum.defined()) file.tensors["momentum." + item.key()] = momentum;
  }
  return file;
}

nlohmann::json describe(const torch::optim::SGD& optimizer, const TrainingPosition& position) {
  return {{"format", 1},
          {"epochs_done", position.num_epochs_done},
          {"steps_done", position.num_steps_done},
          {"best_accuracy", position.best_accuracy},
          {"learning_rate", optimizer.param_groups().front().options().get_lr()}};
}

std::string directory_name(int num_epochs_done) {
  std::ostringstream name;
  name << "epoch_" << std::setfill('0') << std::setw(4) << num_epochs_done;
  return name.str();
}

/// Of the same name there can only be one of an earlier run into the same --output-dir. A directory cannot be
/// renamed over one that is not empty, so that one steps aside.
void put_in_place(const fs::path& fresh, const fs::path& target) {
  const fs::path old = target.parent_path() / concat(".old-", target.filename().string());
  fs::remove_all(old);
  if (fs::exists(target)) fs::rename(target, old);
  fs::rename(fresh, target);
  fs::remove_all(old);
  sync_directory(target.parent_path());
}

void remove_all_but(const fs::path& kept) {
  for (const auto& entry : fs::directory_iterator(kept.parent_path()))
    if (entry.is_directory() && entry.path() != kept && entry.path().filename().string().starts_with("epoch_"))
      fs::remove_all(entry.path());
}

}  // namespace

void write_checkpoint(const fs::path& folder, const torch::nn::Module& module, const torch::optim::SGD& optimizer,
                      const TrainingPosition& position) try {
  const std::string name = directory_name(position.num_epochs_done);
  const fs::path fresh = folder / (".new-" + name);
  fs::remove_all(fresh);
  make_directories(fresh);
  write_tensor_file((fresh / "state.safetensors").string(), collect_state(module, optimizer));
  write_file_atomically(fresh / "checkpoint.json", describe(optimizer, position).dump(2) + "\n");
  put_in_place(fresh, folder / name);
  remove_all_but(folder / name);
} catch (const fs::filesystem_error& failure) {
  throw StorageError(concat("cannot write a checkpoint in ", folder.string(), ": ", failure.code().message()),
                     "make room there, or choose another --output-dir or --runs-dir");
}

}  // namespace skein
