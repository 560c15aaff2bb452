#include "benchmarks/collective_perf/bound.h"

#include <vector>

#include "benchmarks/collective_perf/pattern.h"
#include "benchmarks/collective_perf/tcp_ring.h"
#include "collectives/copy_kernels.h"
#include "collectives/node_operations.h"
#include "collectives/reduce_kernels.h"
#include "runtime/process/error.h"

namespace skein::bench {
namespace {

/// A rank's share of an operation among the ranks of a host.
struct Share {
  int num_sources = 1;
  int num_destinations = 1;
  std::size_t count = 0;
};

Share share_of(Operation operation, std::size_t count, int num_ranks) {
  switch (operation) {
    case Operation::kAllreduce:
      return {num_ranks, num_ranks, count / num_ranks};
    case Operation::kReduce:
    case Operation::kReduceScatter:
      return {num_ranks, 1, count / num_ranks};
    case Operation::kAllgather:
    case Operation::kAlltoall:
      return {1, 1, count};
    case Operation::kGather:
    case Operation::kScatter:
      return {1, 1, count / num_ranks};
    case Operation::kBroadcast:
      return {1, 1, count / num_ranks * (num_ranks - 1)};
    case Operation::kBarrier:
      break;
  }
  throw UsageError("--bound is of operations that move data");
}

class MemoryBound final : public Bound {
 public:
  MemoryBound(Communicator& comm, Operation operation, DType dtype, ReduceOp op, std::size_t max_count)
      : comm_(comm), operation_(operation), dtype_(dtype), op_(op) {
    const Share share = share_of(operation, max_count, comm.world_size());
    const std::size_t num_bytes = max_count * dtype_bytes(dtype);
    const int num_buffers = reduces(operation) ? std::max(share.num_sources, share.num_destinations) : 2;
    for (int i = 0; i < num_buffers; ++i) buffers_.push_back(comm.allocate(num_bytes));
  }

  Side side(std::size_t count) override {
    const Share share = share_of(operation_, count, comm_.world_size());
    Side side;
    side.rewrite = [this, share](int iteration) {
      for (int i = 0; i < share.num_sources; ++i)
        fill({buffers_[i].data.get(), share.count, dtype_}, comm_.rank(), 0, iteration);
    };
    side.run = [this, share] {
      reduces(operation_) ? reduce(share) : copy(share);
      comm_.barrier();
    };
    side.barrier = [this] { comm_.barrier(); };
    side.has_result = false;
    return side;
  }

 private:
  void reduce(const Share& share) const {
    std::vector<const void*> sources;
    std::vector<void*> destinations;
    for (int i = 0; i < share.num_sources; ++i) sources.push_back(buffers_[i].data.get());
    for (int i = 0; i < share.num_destinations; ++i) destinations.push_back(buffers_[i].data.get());
    reduce_buffers(destinations, sources, share.count, dtype_, op_);
  }
  void copy(const Share& share) const {
    copy_large(buffers_[1].data.get(), buffers_[0].data.get(), share.count * dtype_bytes(dtype_));
  }

  Communicator& comm_;
  Operation operation_;
  DType dtype_;
  ReduceOp op_;
  std::vector<SharedMemory> buffers_;  // which this rank alone touches
};

/// Elements that have to leave, or to enter, the busiest host.
std::size_t elements_over_link(Operation operation, std::size_t count, const Topology& topology) {
  const std::size_t num_hosts = topology.num_hosts();
  const std::size_t others = count / num_hosts * (num_hosts - 1);
  switch (operation) {
    case Operation::kAllreduce:
      return 2 * others;
    case Operation::kReduceScatter:
    case Operation::kAllgather:
    case Operation::kGather:
    case Operation::kScatter:
      return others;
    case Operation::kReduce:
    case Operation::kBroadcast:
      return count;
    case Operation::kAlltoall: {
      const std::size_t num_local = topology.max_local_size();
      return count / topology.world_size() * (topology.world_size() - num_local) * num_local;
    }
    case Operation::kBarrier:
      break;
  }
  throw UsageError("--bound is of operations that move data");
}

class LinkBound final : public Bound {
 public:
  LinkBound(Communicator& comm, Operation operation, DType wire_dtype)
      : comm_(comm), operation_(operation), wire_dtype_(wire_dtype), ring_(comm) {}

  Side side(std::size_t count) override {
    const std::size_t num_bytes = elements_over_link(operation_, count, comm_.topology()) * dtype_bytes(wire_dtype_);
    Side side;
    side.rewrite = [](int) {};
    side.run = [this, num_bytes] { ring_.exchange(num_bytes); };
    side.barrier = [this] { comm_.barrier(); };
    side.has_result = false;
    return side;
  }

 private:
  Communicator& comm_;
  Operation operation_;
  DType wire_dtype_;
  TcpRing ring_;
};

}  // namespace

std::unique_ptr<Bound> make_bound(Communicator& comm, Operation operation, DType dtype, ReduceOp op, DType wire_dtype,
                                  std::size_t max_count) {
  if (comm.topology().num_hosts() > 1) return std::make_unique<LinkBound>(comm, operation, wire_dtype);
  return std::make_unique<MemoryBound>(comm, operation, dtype, op, max_count);
}

}  // namespace skein::bench
