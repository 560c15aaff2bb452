#include "collectives/host_buffers.h"

#include <algorithm>

#include "collectives/node_allocation.h"
#include "collectives/node_pipeline.h"
#include "runtime/process/error.h"

namespace skein {

std::byte* CallScratch::shared(NodeGroup& group, std::size_t num_bytes, Deadline deadline) {
  if (num_bytes <= num_shared_bytes_) return shared_.get();
  shared_.reset();
  num_shared_bytes_ = 0;
  NodeAllocation allocation = allocate_on_node(group, num_bytes, MemoryOf::kRank, deadline);
  if (!allocation.problem.empty()) throw Error(allocation.problem);
  shared_ = std::move(allocation.memory);
  num_shared_bytes_ = num_bytes;
  return shared_.get();
}

std::byte* CallScratch::own(std::size_t num_bytes) {
  if (num_bytes > num_own_bytes_) {
    num_own_bytes_ = 0;
    own_.reset();  // before more is taken
    own_ = std::make_unique_for_overwrite<std::byte[]>(num_bytes);
    num_own_bytes_ = num_bytes;
  }
  return own_.get();
}

NodeGroup::Places HostBuffers::places() const {
  const auto place = [&](const Range& extent, const Buffer& buffer) {
    return extent.count == 0 ? Arena::kNowhere : group_.memory().reach(buffer.data, buffer.num_bytes());
  };
  return {place(own_extent().input, request_.input), place(own_extent().output, request_.output)};
}

void HostBuffers::take(Deadline deadline) {
  in_scratch_ = !all_located();
  in_scratch_ ? take_scratch(deadline) : take_in_place();
}

void HostBuffers::give_back(Deadline deadline) {
  group_.sync(deadline);
  if (in_scratch_ && own_output() != nullptr)
    copy_bytes(bytes(request_.output), own_output(), own_extent().output.count);
}

bool HostBuffers::all_located() const {
  for (int local = 0; local < group_.local_size(); ++local) {
    const NodeGroup::Places& places = group_.places(local);
    if (extents_[local].input.count != 0 && places.input == Arena::kNowhere) return false;
    if (extents_[local].output.count != 0 && places.output == Arena::kNowhere) return false;
  }
  return true;
}

void HostBuffers::take_in_place() {
  const auto buffer = [&](const Range& extent, Arena::Location place, int local) {
    return extent.count == 0 ? PeerBuffer(nullptr) : group_.memory().buffer(place, local);
  };
  for (int local = 0; local < group_.local_size(); ++local) {
    inputs_.push_back(buffer(extents_[local].input, group_.places(local).input, local));
    outputs_.push_back(buffer(extents_[local].output, group_.places(local).output, local));
  }
}

void HostBuffers::take_scratch(Deadline deadline) {
  std::size_t num_bytes = 0;
  for (const Extent& extent : extents_) num_bytes = std::max({num_bytes, extent.input.end(), extent.output.end()});
  std::byte* const own = scratch_.shared(group_, num_bytes, deadline);
  copy_bytes(own + own_extent().input.begin, bytes(request_.input), own_extent().input.count);
  const Arena::Location place = group_.locate(own, num_bytes);
  group_.sync(deadline);
  const auto buffer = [&](const Range& extent, int local) {
    return extent.count == 0 ? PeerBuffer(nullptr) : group_.memory().buffer(place, local).from(extent.begin);
  };
  for (int local = 0; local < group_.local_size(); ++local) {
    inputs_.push_back(buffer(extents_[local].input, local));
    outputs_.push_back(buffer(extents_[local].output, local));
  }
}

}  // namespace skein
