#pragma once
// The weights of a LibTorch module in and out of files.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}

namespace skein {

struct LoadOptions {
  /// What to do about the head, the layer whose first dimension is the number of classes.
  enum class Head {
    kExact,             ///< it must fit like every other layer
    kReplaceIfResized,  ///< when only the number of classes differs, the model keeps its own initial head
    kReplace,           ///< the model keeps its own initial head; the file need not have one
  };
  Head head = Head::kReplaceIfResized;
  std::string head_name = "fc";  ///< of the layer: its tensors are "fc.weight", "fc.bias"
};

struct LoadReport {
  std::string format;                           ///< "safetensors" or "pth"
  int64_t num_loaded = 0;                       ///< tensors taken from the file
  std::vector<std::string> replaced;            ///< tensors of the head left as they were, with both shapes
  std::map<std::string, std::string> metadata;  ///< of the file
};

/// Fills every parameter and buffer of `module` from a safetensors file or a .pth file of
/// torch.save(state_dict), converting between floating-point types; devices, memory formats and tensor
/// identities stay. Understands names that all begin with "module.", as DistributedDataParallel writes them,
/// and files of before PyTorch counted BatchNorm's batches. Throws DataError that names every missing,
/// superfluous and misshapen tensor, before the module is changed.
LoadReport load_weights(torch::nn::Module& module, const std::string& path, const LoadOptions& options = {});

/// Writes every parameter and buffer as safetensors, row-major whatever the memory format, whole or not at
/// all. The same values give the same bytes: no time, host or path goes in, unless by `metadata`. Throws
/// StorageError.
void save_weights(const torch::nn::Module& module, const std::string& path,
                  const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace skein
