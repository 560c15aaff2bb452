#pragma once
// The safetensors format (github.com/huggingface/safetensors): 8 bytes little-endian header length, a JSON
// header
// {"name": {"dtype", "shape", "data_offsets"}, ..., "__metadata__": {...}}, then the tensors' bytes without
// gaps.

#include <map>
#include <span>
#include <string>

#include "trainer/weights/weight_file.h"

namespace skein {

/// True when the bytes begin as a safetensors file does.
bool looks_like_safetensors(std::span<const std::byte> bytes);

/// Describes the tensors of a safetensors file of these bytes, which the result views; `path` only names it.
/// In the order of their bytes. Throws DataError for whatever the format forbids: names given twice, unknown
/// types, shapes that do not match their bytes, offsets that overlap, leave gaps or point outside the file, a
/// file cut short.
WeightFile read_safetensors(const std::string& path, std::span<const std::byte> bytes);

/// Writes `path` whole or not at all (temporary file, fsync, rename). The records must be row-major and their
/// names unique. The bytes written depend on the arguments alone, not on the order of the records; they equal
/// those of the Python package for up to one entry of metadata. Throws StorageError when the disk refuses,
/// UsageError for records that break the format; either way an existing file stays as it was.
void write_safetensors(const std::string& path, std::span<const TensorRecord> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace skein
