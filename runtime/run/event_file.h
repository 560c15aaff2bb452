#pragma once
// TensorBoard's event file, scalars only, written without its library or protobuf.
// Format: TensorFlow's record_writer (length, masked CRC-32C, data, masked CRC-32C) around Event messages.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/run/append_file.h"

namespace skein {

/// One `events.out.tfevents.*` file of a directory, which TensorBoard takes for one run. Each record is in
/// the kernel when its function returns. Use from one thread. All functions throw StorageError.
class EventFile {
 public:
  /// `directory` must exist; the file's name is unique there.
  explicit EventFile(const std::filesystem::path& directory);
  /// TensorBoard keeps values in single precision. `time`: seconds since 1970 UTC.
  void add_scalar(const std::string& tag, double value, std::int64_t step, double time);
  const std::filesystem::path& path() const { return file_.path(); }

 private:
  void add_record(std::string_view event);
  AppendFile file_;
};

/// CRC-32C (Castagnoli) of `bytes`.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace skein
