#pragma once
// The last calls of a communicator, always on; goes into the post-mortem.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "collectives/call.h"
#include "runtime/process/deadline.h"
#include "runtime/trace/timeline_part.h"

namespace skein {

/// A call as the recorder keeps it. Times are nanoseconds of the steady clock, 0 for what has not happened: from asked
/// to begun it was queued behind others, to met it waited for other ranks, to finished data moved.
struct RecordedCall {
  struct Facts {
    std::uint64_t sequence = 0;
    std::uint64_t count = 0;
    Scales scales;
    std::int32_t root = 0;
    Operation operation = Operation::kBarrier;
    DType dtype = DType::kUInt8;
    ReduceOp reduce_op = ReduceOp::kSum;
    bool pairwise_counts = false;
    std::array<char, 48> name{};  ///< the first 47 bytes
    std::int64_t asked_ns = 0;
    std::int64_t begun_ns = 0;
  };
  Facts facts;
  std::uint64_t digest = 0;  ///< what the rank announced; 0 before
  std::int64_t met_ns = 0;
  std::int64_t finished_ns = 0;

  /// As the call describes itself, but for the lengths of blocks.
  std::string describe() const;
};

/// A ring of the last kNumEntries calls. One thread records at a time, without locks; everything else may be called from
/// any thread.
class FlightRecorder {
 public:
  static constexpr std::size_t kNumEntries = 1000;

  FlightRecorder() : entries_(kNumEntries) {}
  /// Returns the number to give to finished(). `asked` is when the call was asked for; now, unless it is given.
  std::uint64_t started(const Call& call, Clock::time_point asked = {});
  /// Of the call started last: what it announces to the other ranks; and that all of them have come.
  void announced(std::uint64_t digest) { current_->digest.store(digest, std::memory_order_relaxed); }
  void met();
  /// All others were there already: this is when the call began. Saves reading the clock (33 ns where it was measured).
  void met_at_once() { met_at(begun_ns_); }
  void finished(std::uint64_t number);
  /// Calls go into `timeline` too, as those of `communicator`.
  void record_in(std::shared_ptr<TimelinePart> timeline, std::string communicator);

  /// Calls ever started.
  std::uint64_t num_started() const { return num_started_.load(std::memory_order_acquire); }
  /// The calls kept, oldest first. Leaves out one that is overwritten meanwhile.
  std::vector<RecordedCall> calls() const;
  std::optional<RecordedCall> last() const;
  /// calls() as the post-mortem has them (docs/formats.md).
  nlohmann::json to_json() const;

 private:
  static constexpr std::size_t kNumWords = sizeof(RecordedCall::Facts) / sizeof(std::uint64_t);
  /// Written under a sequence lock: the version is odd while the facts are.
  struct Entry {
    std::atomic<std::uint64_t> version{0};
    std::array<std::atomic<std::uint64_t>, kNumWords> facts{};
    std::atomic<std::uint64_t> digest{0};
    std::atomic<std::int64_t> met_ns{0};
    std::atomic<std::int64_t> finished_ns{0};
    TimelineRecord* traced = nullptr;  // the recording thread's
  };
  void met_at(std::int64_t when_ns) {
    current_->met_ns.store(when_ns, std::memory_order_release);
    if (current_->traced != nullptr) current_->traced->met_ns = when_ns;
  }
  TimelineRecord* trace(const RecordedCall::Facts& facts) const;
  std::optional<RecordedCall> read(std::uint64_t number) const;

  std::vector<Entry> entries_;
  // The recording thread's, of the call started last.
  Entry* current_ = &entries_[0];
  std::int64_t begun_ns_ = 0;
  std::atomic<std::uint64_t> num_started_{0};
  std::shared_ptr<TimelinePart> timeline_;
  std::string communicator_;
};

}  // namespace skein
