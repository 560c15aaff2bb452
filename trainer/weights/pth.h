#pragma once
// Files of torch.save(model.state_dict()): a zip archive of one pickle, which describes the tensors, and one
// entry for the bytes of each storage.

#include <span>
#include <string>

#include "trainer/weights/weight_file.h"

namespace skein {

/// True when the bytes begin as a zip archive does.
bool looks_like_zip(std::span<const std::byte> bytes);

/// True when the bytes begin as a file of torch.save did before PyTorch 1.6.
bool looks_like_legacy_pth(std::span<const std::byte> bytes);

/// Describes the tensors of a .pth file of these bytes, which the result views; `path` only names it. In the
/// order of the state dict: an OrderedDict or dict of tensors and parameters, alone or as "state_dict",
/// "model" or "model_state_dict" of a dict. Strides and shared storages are kept. Throws DataError for
/// whatever else a pickle could hold, by name, and for anything damaged or cut short. Files of before
/// PyTorch 1.6 are refused with the line that converts them.
WeightFile read_pth(const std::string& path, std::span<const std::byte> bytes);

}  // namespace skein
