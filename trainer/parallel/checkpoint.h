#pragma once
// Where a training stands, on disk: whole or not at all, checked when it is read, written beside the training.
//
//   FOLDER/step_000001200/
//     state.safetensors   the tensors
//     manifest.json       {"manifest": {"facts", "files": {NAME: {"bytes", "crc32"}}, "format", "score"?, "step"},
//                          "crc32": of the manifest}
//
// A directory under construction has a name that begins with ".new-"; it is renamed when everything in it is on the disk.

#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skein {

/// Format of the checkpoints that this version writes and reads.
inline constexpr int kCheckpointFormat = 2;

struct Checkpoint {
  std::int64_t step = 0;  ///< of the optimizer; not negative
  std::map<std::string, torch::Tensor> tensors;
  std::string facts = "{}";     ///< a JSON object: whatever else the training needs to go on
  std::optional<double> score;  ///< the larger, the better
};

/// Which checkpoints stay when a new one has been written.
struct CheckpointPolicy {
  int keep_last = 2;  ///< at least 1; with 2 there is still one where the newest turns out to be damaged
  int keep_best = 0;  ///< of those with a score, besides the last
};

/// Writes the checkpoint into `folder`, in place of one of the same step, and then removes what the policy does not keep
/// and what killed writers have left. Throws StorageError; then nothing of it is left, and the others are still there.
/// Returns its directory.
std::filesystem::path write_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                                       const CheckpointPolicy& policy = {});

/// Reads everything and compares the checksums. Throws DataError, naming the file, for anything that is missing, damaged
/// or of another format.
Checkpoint read_checkpoint(const std::filesystem::path& directory);

/// Checkpoints in `folder`, the newest first; none where there is no such folder. Nothing is checked.
std::vector<std::filesystem::path> list_checkpoints(const std::filesystem::path& folder);

/// The newest checkpoint that can be read.
struct FoundCheckpoint {
  std::filesystem::path directory;
  Checkpoint checkpoint;
  std::vector<std::string> refused;  ///< why newer ones were not taken
};
/// Nothing where there is none at all. Throws DataError, with all reasons, where none of them can be read.
std::optional<FoundCheckpoint> newest_checkpoint(const std::filesystem::path& folder);

/// Writes checkpoints in a thread of its own, one at a time, while training goes on. Use from one thread.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(std::filesystem::path folder, const CheckpointPolicy& policy = {});
  /// Waits for what has been begun.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Begins to write; the tensors must be copies that nobody changes. Waits for the one before. `also`: done before the
  /// checkpoint appears, in the same thread; may throw StorageError. Throws what went wrong with the one before.
  void write(Checkpoint checkpoint, std::function<void()> also = {});
  /// Returns when all is on the disk. Throws StorageError where it is not.
  void wait();
  /// Whether one is being written.
  bool is_busy() const;

 private:
  struct Thread;
  std::filesystem::path folder_;
  CheckpointPolicy policy_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace skein
