#pragma once
// What the calls that travel between hosts in slices have in common.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "collectives/choose.h"
#include "collectives/execute.h"
#include "collectives/host_buffers.h"
#include "collectives/node_group.h"
#include "collectives/request.h"
#include "runtime/process/topology.h"

namespace skein {

/// kAverage travels as a sum; the result is scaled once.
ReduceOp travelling_op(ReduceOp op);
/// Multiplies by the factor that belongs to the result.
void scale_result(const Call& call, void* data, std::size_t count, int num_ranks);

/// What a communicator has for such calls; outlives them.
struct CrossHostTools {
  NodeGroup& group;
  Transport& transport;
  const Topology& topology;
  const AlgorithmTable& algorithms;
  CallScratch& scratch;
};

/// One such call under way on this rank. Every rank drives the schedule of its own slice among hosts. On the way out a
/// piece is taken from the ranks of the host just before it is needed; what has arrived for good is written to those
/// whom it is for while the rest travels. Arguments must outlive it.
class CrossHostCall {
 public:
  virtual ~CrossHostCall() = default;
  CrossHostCall(const CrossHostCall&) = delete;
  CrossHostCall& operator=(const CrossHostCall&) = delete;

  /// Where this rank's buffers lie, to be said when the call begins.
  NodeGroup::Places places() const { return buffers_.places(); }
  /// After it has begun. Blocks; throws what the transport throws.
  void run(const ExecuteOptions& options, Deadline deadline);

 protected:
  using Travel = std::function<void(const Schedule&, const Elements&)>;

  /// `extents`: see HostBuffers.
  CrossHostCall(const CrossHostTools& tools, const Request& request, const Call& call,
                std::vector<HostBuffers::Extent> extents);
  /// Calls `travel` once for slice number `slice`.
  virtual void drive(int slice, const Travel& travel) = 0;

  int host() const { return tools_.topology.members[tools_.transport.rank()].host; }
  /// By what the slice takes on its way.
  Algorithm algorithm_for(std::size_t count) const;

  const CrossHostTools& tools_;
  const Request& request_;
  const Call& call_;
  const std::size_t element_;
  HostBuffers buffers_;
};

/// Brings elements in piece by piece, each once, just before they are needed.
class PieceByPiece {
 public:
  explicit PieceByPiece(std::size_t count) : count_(count), here_((count + kPieceCount - 1) / kPieceCount) {}

  /// Calls `bring(piece)` for the pieces that `range` touches and that are not here yet.
  template <class Bring>
  void bring_in(const Range& range, Bring bring) {
    if (range.count == 0) return;
    for (std::size_t piece = range.begin / kPieceCount; piece * kPieceCount < range.end(); ++piece) {
      if (here_[piece]) continue;
      here_[piece] = true;
      const std::size_t begin = piece * kPieceCount;
      bring(Range{begin, std::min(kPieceCount, count_ - begin)});
    }
  }

 private:
  /// Elements that stay in the cache until they are sent.
  static constexpr std::size_t kPieceCount = 4096;

  std::size_t count_;
  std::vector<bool> here_;  // by piece
};

}  // namespace skein
