#pragma once
// A text file that grows by whole lines, each with one write(2) in append mode: what was appended is in the
// kernel when append() returns and survives the death of the process at any instant.

#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/process/file_descriptor.h"

namespace skein {

/// Opens or creates the file. A line that an earlier writer left half written is closed off first, so that it
/// can spoil no other. Use from one thread. All functions throw StorageError; a failed append leaves at most
/// one torn line.
class AppendFile {
 public:
  explicit AppendFile(std::filesystem::path file);
  /// `line` without its newline.
  void append(std::string_view line);
  /// Bytes of a binary file: written at once like a line, but without a newline.
  void append_raw(std::string_view bytes);
  /// Makes what was appended survive a power failure too. Takes milliseconds.
  void sync();
  const std::filesystem::path& path() const { return file_; }

 private:
  std::filesystem::path file_;
  FileDescriptor fd_;
  bool torn_ = false;
  std::string buffer_;
};

}  // namespace skein
