#pragma once
// ONNX models as files.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "runtime/run/storage_error.h"
#include "trainer/onnx/onnx_model.h"

namespace skein {

/// Protocol Buffers allow a message no more bytes.
inline constexpr std::uint64_t kMaxOnnxBytes = (std::uint64_t{1} << 31) - 1;

/// Writes the model whole or not at all; the same model gives the same bytes. Needs no copy of the weights. Throws StorageError, and
/// UsageError for a model of more than kMaxOnnxBytes. `flags`: of the program, by which another place is chosen.
void write_onnx(const OnnxModel& model, const std::filesystem::path& file, std::string_view flags = kFlagsOfRunPlaces);
/// What write_onnx() writes.
std::string encode_onnx(const OnnxModel& model);

/// Reads a model of the kinds of values that OnnxModel has. Throws DataError, beginning with `where`, for damaged bytes and for
/// whatever else a model could hold.
OnnxModel decode_onnx(std::span<const std::byte> bytes, std::string_view where);

}  // namespace skein
