#pragma once
// A file with named tensors, whatever its format.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainer/weights/mapped_file.h"
#include "trainer/weights/tensor_record.h"

namespace skein {

/// What a weight file holds. The records' bytes are views: into `mapping`, if set, which lives as long as the
/// last copy.
struct WeightFile {
  std::string path;
  std::string format;                           ///< "safetensors" or "pth"
  std::vector<TensorRecord> tensors;            ///< names are unique
  std::map<std::string, std::string> metadata;  ///< safetensors only
  std::shared_ptr<const MappedFile> mapping;
};

/// Reads the description of every tensor of a safetensors or .pth file, recognised by its content, not by its
/// name. Everything is validated: whatever the bytes, no code of the file runs and nothing outside it is
/// read. Throws DataError naming the file, the tensor where there is one, and the way out.
WeightFile open_weight_file(const std::string& path);

/// The same for bytes that the caller keeps alive; `path` only names them in errors.
WeightFile read_weight_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace skein
