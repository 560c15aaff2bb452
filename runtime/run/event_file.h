#pragma once
// TensorBoard's event file, written without its library or protobuf.
// Format: TensorFlow's record_writer (length, masked CRC-32C, data, masked CRC-32C) around Event messages.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/run/append_file.h"
#include "runtime/run/tensorboard_summary.h"

namespace skein {

/// One `events.out.tfevents.*` file of a directory, which TensorBoard takes for one run. Each record is in
/// the kernel when its function returns. Use from one thread. All functions throw StorageError.
class EventFile {
 public:
  /// `directory` must exist; the file's name is unique there.
  explicit EventFile(const std::filesystem::path& directory);
  /// `time`: seconds since 1970 UTC.
  void add_summary(const ProtobufMessage& summary, std::int64_t step, double time);
  /// What earlier files of the directory hold of `first_step` and later ones is void: TensorBoard drops it.
  void add_restart(std::int64_t first_step);
  const std::filesystem::path& path() const { return file_.path(); }

 private:
  void add_record(std::string_view event);
  AppendFile file_;
};

/// CRC-32C (Castagnoli) of `bytes`.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace skein
