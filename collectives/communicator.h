#pragma once
// What a group of ranks can do together.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "collectives/buffer.h"
#include "collectives/call.h"
#include "collectives/work.h"
#include "runtime/process/deadline.h"
#include "runtime/process/topology.h"

namespace skein {

/// One collective, asked for by one rank. `name` appears in errors and logs and is compared between ranks; it is
/// borrowed until the collective has completed.
struct Request {
  Operation operation = Operation::kBarrier;
  Buffer input;  ///< allreduce, broadcast: unused (they work on `output` in place)
  Buffer output;
  ReduceOp reduce_op = ReduceOp::kSum;
  int root = 0;
  std::string_view name;
};

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

  /// Memory in which collectives work without copies (shared by the ranks of a host on the CPU). Collective; every rank
  /// asks for the same number of bytes and gets its own memory, zeroed and aligned to 4096 bytes. Valid in splits too.
  /// Throws Error on all ranks when one of them has not enough memory.
  virtual SharedMemory allocate(std::size_t num_bytes) = 0;

  /// Starts a collective; it makes progress by itself. Throws UsageError for what this backend cannot do, by name.
  virtual Work start(const Request& request) = 0;
  /// Runs a collective to its end in the calling thread.
  virtual void run(const Request& request, Deadline deadline) = 0;

  /// A communicator of `ranks` of this one, renumbered in the order given. Collective over `ranks` only.
  virtual std::unique_ptr<Communicator> split(const std::vector<int>& ranks) = 0;

  // Blocking forms. Deadlines default to kDefaultTimeout from the call.

  /// Every rank ends with the reduction of all ranks' buffers, bit-identical on all of them.
  void allreduce(const Buffer& buffer, ReduceOp op = ReduceOp::kSum, std::string_view name = {});
  /// `input` holds world_size blocks of output.count elements; rank r gets the reduction of all ranks' block r.
  /// `output` may be block r of `input`; any other overlap is refused.
  void reduce_scatter(const Buffer& input, const Buffer& output, ReduceOp op = ReduceOp::kSum,
                      std::string_view name = {});
  /// `output` holds world_size blocks of input.count elements: block r is rank r's input, which may already lie there.
  void allgather(const Buffer& input, const Buffer& output, std::string_view name = {});
  /// Every rank ends with root's buffer.
  void broadcast(const Buffer& buffer, int root, std::string_view name = {});
  /// Returns once every rank has called it.
  void barrier(std::string_view name = {});

  // Asynchronous forms.

  Work allreduce_async(const Buffer& buffer, ReduceOp op = ReduceOp::kSum, std::string_view name = {});
  Work reduce_scatter_async(const Buffer& input, const Buffer& output, ReduceOp op = ReduceOp::kSum,
                            std::string_view name = {});
  Work allgather_async(const Buffer& input, const Buffer& output, std::string_view name = {});
  Work broadcast_async(const Buffer& buffer, int root, std::string_view name = {});
};

}  // namespace skein
