#pragma once
// Batches of images in a given order, prepared ahead of time by worker threads.
//
// Order and content depend only on the indices, the seed and the epoch, not on the number of workers. Memory
// is bounded: `prefetch_batches` batches being prepared or ready, and one in the caller's hands, all
// allocated at the start and reused. Idle workers sleep. A Loader is used by one thread at a time.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "runtime/process/deadline.h"
#include "trainer/data/batch.h"
#include "trainer/data/distributed_sampler.h"
#include "trainer/data/image_pipeline.h"
#include "trainer/data/mix.h"

namespace skein {

/// What happens to an image that cannot be read or decoded.
enum class UnreadablePolicy {
  kFail,  ///< next() throws its DataError when its batch is due
  kSkip,  ///< it is left out of its batch, which gets smaller, and counted
};

struct LoaderOptions {
  size_t batch_size = 32;
  int num_workers = 2;       ///< threads; 0 prepares each batch within next(), in the caller's thread
  int prefetch_batches = 2;  ///< at least 1; without effect where num_workers is 0
  UnreadablePolicy unreadable = UnreadablePolicy::kFail;
  uint64_t seed = 0;  ///< of the random transforms
  Transform transform = TrainTransform{};
  MixOptions mix;
  PixelOptions pixels;
  std::chrono::milliseconds timeout = kDefaultTimeout;  ///< for the storage to deliver a batch
};

/// The images left out since the epoch began.
struct SkippedImages {
  size_t count = 0;
  std::vector<std::string> first;  ///< messages of the first few, in the order of the epoch
};

class Loader {
 public:
  /// Starts the workers. Throws UsageError for options that make no sense.
  Loader(std::shared_ptr<const ImageSource> source, const LoaderOptions& options);
  /// Ends the workers, in the middle of an epoch too; waits for the images that they are at.
  ~Loader();

  /// Begins an epoch over the plan's samples in that order, batch_size at a time, the last batch being shorter; the workers set to work
  /// at once, `prefetch_batches` ahead. What
  /// is left of the epoch before is dropped. Throws UsageError for an image that the source does not have.
  void start(EpochPlan plan);
  /// The same without repeats, and without what mixing needs.
  void start(uint64_t epoch, const std::vector<size_t>& indices);

  /// The next batch, or nullptr at the end of the epoch. Blocks until it is ready. The batch and its memory
  /// are valid until the next call of next() or start(): tensors made over it must be consumed or copied by
  /// then. Throws the error of the first unreadable image in the batch (kFail), TimeoutError where the
  /// storage hangs; after an error, every call throws it again until start().
  const Batch* next();

  size_t num_batches() const;  ///< of the epoch that was begun
  /// Complete for the batches handed out so far.
  const SkippedImages& skipped() const { return skipped_; }
  size_t buffer_bytes() const;  ///< memory of all batches

 private:
  struct Failure {
    size_t position;  ///< in the batch
    std::exception_ptr error;
  };
  struct Slot {
    Batch batch;
    AlignedFloats floats;
    size_t batch_number = kNoBatch;  ///< in the epoch
    size_t num_unfinished = 0;       ///< images still to be prepared, and one more for mixing
    std::vector<Failure> failures;
  };
  static constexpr size_t kNoBatch = static_cast<size_t>(-1);
  using Lock = std::unique_lock<std::mutex>;

  bool mixes() const { return options_.mix.is_on(); }
  /// Of all batches but the last: images, and with mixing the one before the first.
  size_t items_per_batch() const { return options_.batch_size + (mixes() ? 1 : 0); }
  size_t num_items() const { return plan_.samples.size() + (mixes() ? num_batches() : 0); }
  const Sample& sample_of(size_t item) const;
  float* floats_of(size_t item);
  void mix(Slot& slot);

  void work(const std::stop_token& stop);
  bool can_claim() const;
  void prepare_one(Lock& lock, PipelineScratch& scratch);
  size_t claim();
  void open_slot(size_t batch_number);
  std::exception_ptr prepare(size_t item, PipelineScratch& scratch);
  void finish(Lock& lock, size_t item, std::exception_ptr error);
  void wait_until_ready(Lock& lock, const Slot& slot);
  const Batch* hand_out(Slot& slot);
  void note_skipped(const Failure& failure, size_t num_images);
  void leave_out_failed(Slot& slot);
  Slot& slot_of(size_t batch_number) { return slots_[batch_number % slots_.size()]; }

  const LoaderOptions options_;
  const ImagePipeline pipeline_;
  PipelineScratch inline_scratch_;
  SkippedImages skipped_;
  std::exception_ptr error_;
  bool holds_batch_ = false;

  std::mutex mutex_;  ///< guards the following; a slot's floats belong to the workers until num_unfinished is 0
  std::condition_variable_any work_available_;
  std::condition_variable batch_progress_;
  std::vector<Slot> slots_;
  EpochPlan plan_;             ///< changed only while no image is in flight
  size_t next_item_ = 0;       ///< the next image to prepare, counted over batches
  size_t num_in_flight_ = 0;   ///< images that are being prepared, or batches mixed
  size_t num_given_back_ = 0;  ///< batches of the epoch that the caller is done with

  std::vector<std::jthread> workers_;  ///< last: ended before anything else goes
};

}  // namespace skein
