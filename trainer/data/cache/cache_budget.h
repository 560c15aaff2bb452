#pragma once
// How much a cache may hold, counted by all that share it.

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace skein {

/// Any thread.
class CacheBudget {
 public:
  /// Of this process.
  explicit CacheBudget(uint64_t limit_bytes);
  /// Of all processes of the host that name the same folder, now and later: the count lies in a file there, which begins with
  /// what the folder holds. Throws StorageError where the folder cannot be made or written.
  CacheBudget(uint64_t limit_bytes, const std::filesystem::path& folder);
  ~CacheBudget();
  CacheBudget(const CacheBudget&) = delete;
  CacheBudget& operator=(const CacheBudget&) = delete;

  /// False, with nothing taken, where it would exceed the limit.
  bool take(uint64_t num_bytes);
  void give_back(uint64_t num_bytes);
  uint64_t limit_bytes() const { return limit_bytes_; }
  uint64_t used_bytes() const;

 private:
  const uint64_t limit_bytes_;
  uint64_t own_count_ = 0;
  uint64_t* count_ = &own_count_;  ///< or in the mapped file; accessed atomically
};

}  // namespace skein
