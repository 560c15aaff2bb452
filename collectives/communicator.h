#pragma once
// What a group of ranks can do together.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/request.h"
#include "collectives/work.h"
#include "runtime/process/deadline.h"
#include "runtime/process/topology.h"

namespace skein {

/// Memory handed out by Communicator::allocate. Lives as long as any copy of the pointer, also after the communicator.
struct SharedMemory {
  std::shared_ptr<std::byte> data;
  std::size_t num_bytes = 0;
};

/// All ranks of a communicator must make the same calls in the same order; a difference is a MismatchError that names
/// every rank and what it asked for, before any data has moved. Blocking calls run in the caller's thread, asynchronous
/// ones on the communicator's own; both share one order, the order in which this object is called. Calls from several
/// threads at once are safe for this process, but it is then up to the caller that all ranks use the same order.
/// The first failure sticks: every later call throws it again.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual const Topology& topology() const = 0;
  int world_size() const { return topology().world_size(); }
  /// How long a call waits for the other ranks before it throws TimeoutError, unless it is given a deadline.
  virtual Clock::duration timeout() const { return kDefaultTimeout; }
  /// How many ranks took part in the last call: fewer than world_size() only in a JoinScope that some have joined.
  virtual int num_active() const { return world_size(); }

  /// Memory in which collectives work without copies (shared by the ranks of a host on the CPU). Collective; every rank
  /// asks for the same number of bytes and gets its own memory, zeroed and aligned to 4096 bytes. Valid in splits too.
  /// Throws Error on all ranks when one of them has not enough memory.
  /// MemoryOf::kHost: what one rank writes there the others of its host see, from the next call of both on. It is ordinary
  /// memory to collectives.
  virtual SharedMemory allocate(std::size_t num_bytes, MemoryOf owner = MemoryOf::kRank) = 0;

  /// Starts a collective; it makes progress by itself. Throws UsageError for what this backend cannot do, by name.
  virtual Work start(const Request& request) = 0;
  /// Runs a collective to its end in the calling thread.
  virtual void run(const Request& request, Deadline deadline) = 0;

  /// A communicator of `ranks` of this one, renumbered in the order given. Collective over `ranks` only.
  virtual std::unique_ptr<Communicator> split(const std::vector<int>& ranks) = 0;

  /// Point to point, beside the collectives and not in their order: what one rank sends is matched with what the other
  /// one receives from it, in the order of these calls on both sides. A receiver that expects another name, type or
  /// count gets a MismatchError that tells both. The Work of either makes progress while it is waited for.
  virtual Work send_async(const Buffer& buffer, int to, std::string_view name = {}) = 0;
  virtual Work recv_async(const Buffer& buffer, int from, std::string_view name = {}) = 0;
  void send(const Buffer& buffer, int to, std::string_view name = {}) { send_async(buffer, to, name).wait(); }
  void recv(const Buffer& buffer, int from, std::string_view name = {}) { recv_async(buffer, from, name).wait(); }

  // Blocking forms. They wait until timeout() from the call.

  /// Every rank ends with the reduction of all ranks' buffers, bit-identical on all of them. With kAdasum the buffer is
  /// one vector.
  void allreduce(const Buffer& buffer, ReduceOp op = ReduceOp::kSum, std::string_view name = {}, Scales scales = {});
  /// Out of place: `input` stays as it is.
  void allreduce(const Buffer& input, const Buffer& output, ReduceOp op = ReduceOp::kSum, std::string_view name = {},
                 Scales scales = {});
  /// Many small buffers as one allreduce for each element type; with kAdasum each is a vector of its own.
  void allreduce(std::span<const Buffer> buffers, ReduceOp op = ReduceOp::kSum, std::string_view name = {},
                 Scales scales = {});
  /// Root's `output`, which the others need not give, becomes the reduction of all ranks' inputs; it may be its input.
  void reduce(const Buffer& input, const Buffer& output, int root, ReduceOp op = ReduceOp::kSum,
              std::string_view name = {}, Scales scales = {});
  /// `input` holds a block for each rank; rank r's `output` becomes the reduction of all ranks' block r and may be that
  /// block of its input. Blocks have output.count elements, or block_counts[r] where they differ.
  void reduce_scatter(const Buffer& input, const Buffer& output, ReduceOp op = ReduceOp::kSum,
                      std::string_view name = {}, std::span<const std::size_t> block_counts = {}, Scales scales = {});
  /// `output` gets a block from each rank, its input, which may already lie there.
  void allgather(const Buffer& input, const Buffer& output, std::string_view name = {},
                 std::span<const std::size_t> block_counts = {});
  /// As allgather, on root alone; the others need not give an output.
  void gather(const Buffer& input, const Buffer& output, int root, std::string_view name = {},
              std::span<const std::size_t> block_counts = {});
  /// Every rank's `output` becomes its block of root's input, which the others need not give.
  void scatter(const Buffer& input, const Buffer& output, int root, std::string_view name = {},
               std::span<const std::size_t> block_counts = {});
  /// Every rank ends with root's buffer.
  void broadcast(const Buffer& buffer, int root, std::string_view name = {});
  /// Block s of rank r's input becomes block r of rank s's output. Never in place. Where blocks differ in length, rank
  /// r says how many elements go to and come from each rank; the two sides of each pair must agree.
  void alltoall(const Buffer& input, const Buffer& output, std::string_view name = {},
                std::span<const std::size_t> send_counts = {}, std::span<const std::size_t> recv_counts = {});
  /// Returns once every rank has called it.
  void barrier(std::string_view name = {});

  // Asynchronous forms.

  Work allreduce_async(const Buffer& buffer, ReduceOp op = ReduceOp::kSum, std::string_view name = {},
                       Scales scales = {});
  Work reduce_scatter_async(const Buffer& input, const Buffer& output, ReduceOp op = ReduceOp::kSum,
                            std::string_view name = {}, std::span<const std::size_t> block_counts = {},
                            Scales scales = {});
  Work allgather_async(const Buffer& input, const Buffer& output, std::string_view name = {},
                       std::span<const std::size_t> block_counts = {});
  Work broadcast_async(const Buffer& buffer, int root, std::string_view name = {});
  Work alltoall_async(const Buffer& input, const Buffer& output, std::string_view name = {},
                      std::span<const std::size_t> send_counts = {}, std::span<const std::size_t> recv_counts = {});
};

}  // namespace skein
