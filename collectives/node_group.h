#pragma once
// The ranks of one host around one block of shared memory: how they meet, and how they find out that they disagree.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collectives/arena.h"
#include "collectives/call.h"
#include "collectives/flight_recorder.h"
#include "collectives/peer_memory.h"
#include "collectives/stages.h"
#include "collectives/transport.h"
#include "runtime/process/deadline.h"
#include "runtime/process/health.h"
#include "runtime/process/topology.h"

namespace skein {

/// Ranks may be processes or threads of one process. Every member function may block until the others come, unless it
/// says otherwise; one thread of each rank at a time. Waiting spins for a few microseconds, then sleeps.
///
/// Protocol. Each rank counts the sync points it has reached in `progress`, which only it writes. A sync point is
/// passed when all ranks have reached it. What a rank says or copies for the others at sync point k lies in half
/// (k mod 2) of its area and may be overwritten at k + 2: by then all have passed k + 1, hence have done with k.
class NodeGroup {
 public:
  static constexpr std::size_t kSmallBytes = 16 * 1024;  ///< half of a rank's area for whole small messages

  /// Collective over the ranks of the transport's own host; meets them through `transport`. `arena` null makes a new
  /// one.
  NodeGroup(Transport& transport, const Topology& topology, Health& health, std::shared_ptr<Arena> arena = nullptr);
  ~NodeGroup();
  NodeGroup(const NodeGroup&) = delete;
  NodeGroup& operator=(const NodeGroup&) = delete;

  int local_rank() const { return local_rank_; }
  int local_size() const { return static_cast<int>(ranks_.size()); }
  /// Rank in the communicator of a local rank.
  int rank_of(int local_rank) const { return ranks_[local_rank]; }
  const std::shared_ptr<Arena>& arena() const { return memory_->arena(); }
  /// How the ranks get at each other's buffers.
  const PeerMemory& memory() const { return *memory_; }
  /// Where a buffer of this rank lies, when all ranks of the group know the allocation.
  Arena::Location locate(const void* data, std::size_t num_bytes) const { return memory_->locate(data, num_bytes); }
  /// Makes a region known in which every rank of the group has a slot; see Arena::add.
  std::shared_ptr<std::byte> add_allocation(std::uint32_t id, const std::shared_ptr<SharedRegion>& region,
                                            std::size_t num_bytes) {
    return memory_->add(id, region, num_bytes);
  }
  /// Address in this process of what `local_rank` located.
  std::byte* address(Arena::Location location, int local_rank) const { return memory_->address(location, local_rank); }

  /// Where a rank's buffers lie, as it says at the start of a call.
  struct Places {
    Arena::Location input = Arena::kNowhere;
    Arena::Location output = Arena::kNowhere;
  };

  /// From here on `recorder`, which must outlive the group, hears what each call announces and when all have met.
  void record_in(FlightRecorder& recorder) { recorder_ = &recorder; }
  /// Begins a call: says what it is and where the buffers lie, waits for all, compares. Throws MismatchError on every
  /// rank, naming all of them, when they disagree. `call` must live until the call ends.
  void begin(const Call& call, const Places& places, Deadline deadline);
  /// begin() without the comparison, for callers that compare across hosts.
  void gather(const Call& call, const Places& places, Deadline deadline);
  /// What rank `local_rank` said at the begin() just passed. Valid until the next sync point.
  const Places& places(int local_rank) const;
  /// The digests of the calls that the ranks announced there. Valid as long.
  std::vector<std::uint64_t> digests() const;
  /// A sync point within a call.
  void sync(Deadline deadline);
  /// This rank's area for small messages at the next sync point, and a rank's at the one just passed.
  std::byte* next_small();
  const std::byte* small(int local_rank) const;

  /// The staging areas; there are none where the ranks are on several hosts.
  Stages& stages() { return stages_; }

  /// A sync point within a call at which each rank says something: every rank's `mine`, in order of local rank; all of
  /// the same length, at most kSmallBytes.
  std::vector<std::string> exchange(const std::string& mine, Deadline deadline);

 private:
  struct Line;
  struct Report;

  std::size_t num_control_bytes() const;
  Line& line(int local_rank) const;
  Report& report(int local_rank) const;
  std::vector<int> meet(Transport& transport, int slot);
  void make_control();
  void publish();
  void wait_for_all(Deadline deadline);
  void wait_for(int local_rank, Deadline deadline);
  bool look_for(int local_rank) const;
  void compare(const Call& call, Deadline deadline);
  [[noreturn]] void throw_mismatch(const Call& call, Deadline deadline);
  [[noreturn]] void throw_timeout() const;

  std::vector<int> ranks_;  // of the communicator, by local rank
  int local_rank_ = 0;
  Topology topology_;
  Health& health_;
  std::optional<PeerMemory> memory_;  // always, once constructed
  std::shared_ptr<SharedRegion> control_;
  Stages stages_;
  std::size_t num_stage_bytes_;
  bool core_for_each_ = false;     // of the ranks
  std::uint32_t reached_ = 0;      // sync points of this rank
  bool waited_ = false;            // for anybody, since the last gather() began
  const Call* current_ = nullptr;  // for error messages
  FlightRecorder* recorder_ = nullptr;
};

}  // namespace skein
