#pragma once
// Named tensors in and out of files, for whatever is no module: optimizer state, references of tests.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "trainer/weights/tensor_record.h"

namespace skein {

struct TensorFile {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a safetensors or .pth file whole, into memory of its own on the CPU; strides are kept as the file
/// has them. Throws DataError (see open_weight_file).
TensorFile read_tensor_file(const std::string& path);

/// Writes safetensors, whole or not at all; tensors from any device and in any memory format, row-major in
/// the file. The bytes depend on names, values and metadata alone. Throws StorageError, and UsageError for a
/// type that weight files do not hold.
void write_tensor_file(const std::string& path, const TensorFile& file);

/// The tensor that a record of a weight file describes, copied out of the file.
at::Tensor to_tensor(const TensorRecord& record);

c10::ScalarType scalar_type(ElementType type);

}  // namespace skein
