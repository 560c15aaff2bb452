#pragma once
// Who writes a run, and whether that writer still lives. The writer keeps a small file, lease.json, that says
// which process of which host it is, and touches it every few seconds; readers conclude from it what a killed
// writer could not record.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace skein {

inline constexpr std::chrono::milliseconds kHeartbeatInterval{5000};

/// The write side. While it lives, a thread of its own touches the file. The file is removed with the lease.
class Lease {
 public:
  /// Throws StorageError when the file exists (somebody else writes this run) or cannot be written.
  explicit Lease(std::filesystem::path file, std::chrono::milliseconds interval = kHeartbeatInterval);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  struct Heart;
  std::filesystem::path file_;
  std::unique_ptr<Heart> heart_;
  std::thread thread_;
};

/// What a lease tells a reader.
struct WriterStatus {
  enum class Liveness {
    kAlive,
    kDead,    ///< certain: it ran on this host and its process is gone
    kSilent,  ///< no sign for more than three intervals: dead, cut off or stopped
    kNone,    ///< no lease: not begun, ended in order, or not copied along
  };
  Liveness liveness = Liveness::kNone;
  std::string reason;  ///< for people: "process 1234 on node7 is gone"; empty when alive
};

/// Never blocks for long and never throws: an unreadable lease counts as silent.
WriterStatus writer_status(const std::filesystem::path& lease_file);

}  // namespace skein
