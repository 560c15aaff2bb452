#pragma once
// A large file under construction that nobody sees before it is whole, and of which nothing is left if its writer is
// killed: it has no name until then, where the file system allows that (O_TMPFILE), else a hidden one.

#include <cstdint>
#include <filesystem>
#include <span>

#include "runtime/process/file_descriptor.h"

namespace skein {

/// Use from one thread. Functions throw StorageError naming the target.
class NewFile {
 public:
  /// In the folder of `target`, which must exist.
  explicit NewFile(std::filesystem::path target);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  const std::filesystem::path& target() const { return target_; }
  /// The name that it will get; in the same folder.
  void retarget(std::filesystem::path target) { target_ = std::move(target); }
  void write_at(uint64_t position, std::span<const uint8_t> bytes);
  void set_length(uint64_t num_bytes);
  /// Brings it to disk, so that publish() cannot fail for lack of space.
  void sync();
  /// Gives it its name, in the place of a file that has it.
  void publish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;  ///< empty: the file has no name
  FileDescriptor file_;
};

/// ".NAME.HOST.PID.N.ENDING" beside `target`: unique among threads, processes and hosts.
std::filesystem::path hidden_name(const std::filesystem::path& target, const char* ending);
/// The folder that a file lies in.
std::filesystem::path folder_of(const std::filesystem::path& file);

}  // namespace skein
