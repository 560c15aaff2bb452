#include "collectives/execute.h"

#include <algorithm>
#include <array>
#include <memory>

#include "collectives/reduce_kernels.h"

namespace skein {
namespace {

constexpr std::size_t kInFlight = 4;

/// One step, cut into segments: the n-th segment of what is sent and of what is received travel side by side.
class StepRunner {
 public:
  StepRunner(Transport& transport, const Step& step, std::span<const int> peers, const Elements& elements,
             const ExecuteOptions& options)
      : transport_(transport),
        step_(step),
        send_peer_(step.send_to == kNobody ? kNobody : peers[step.send_to]),
        recv_peer_(step.recv_from == kNobody ? kNobody : peers[step.recv_from]),
        received_first_(recv_peer_ < transport.rank()),
        elements_(elements),
        tag_(options.tag),
        segment_(std::max<std::size_t>(1, options.segment_bytes / dtype_bytes(elements.dtype))) {}

  void run(Deadline deadline) {
    const std::size_t num_segments = std::max(segments_of(send_peer_, step_.send), segments_of(recv_peer_, step_.recv));
    for (std::size_t i = 0; i < std::min(kInFlight, num_segments); ++i) post(i);
    for (std::size_t i = 0; i < num_segments; ++i) {
      finish(i, deadline);
      if (i + kInFlight < num_segments) post(i + kInFlight);
    }
  }

 private:
  struct InFlight {
    std::vector<std::byte> received;  // only when it is combined with what is there; goes after the transfers
    std::unique_ptr<Transfer> sending;
    std::unique_ptr<Transfer> receiving;
  };

  // An empty range still is one (empty) message, so that both sides count alike.
  std::size_t segments_of(int peer, const Range& range) const {
    return peer == kNobody ? 0 : std::max<std::size_t>(1, (range.count + segment_ - 1) / segment_);
  }
  Range segment(const Range& range, std::size_t i) const {
    const std::size_t begin = std::min(i * segment_, range.count);
    return {range.begin + begin, std::min(segment_, range.count - begin)};
  }
  std::span<std::byte> bytes(const Range& range) const {
    const std::size_t element = dtype_bytes(elements_.dtype);
    return {elements_.data + range.begin * element, range.count * element};
  }

  std::span<const std::byte> sent_bytes(const Range& range) const {
    const std::size_t element = dtype_bytes(elements_.dtype);
    return {(elements_.sent ? elements_.sent : elements_.data) + range.begin * element, range.count * element};
  }

  void post(std::size_t i) {
    InFlight& slot = slots_[i % kInFlight];
    slot.sending.reset();
    slot.receiving.reset();
    if (i < segments_of(recv_peer_, step_.recv)) {
      std::span<std::byte> target = bytes(segment(step_.recv, i));
      if (step_.reduce) {
        slot.received.resize(target.size());
        target = slot.received;
      }
      slot.receiving = transport_.recv(recv_peer_, tag_, target);
    }
    if (i < segments_of(send_peer_, step_.send))
      slot.sending = transport_.send(send_peer_, tag_, sent_bytes(segment(step_.send, i)));
  }

  void finish(std::size_t i, Deadline deadline) {
    InFlight& slot = slots_[i % kInFlight];
    if (slot.receiving) slot.receiving->wait(deadline);
    if (slot.sending) slot.sending->wait(deadline);  // before combining: the sent range may be the received one
    if (slot.receiving && step_.reduce) combine(segment(step_.recv, i), slot.received);
  }

  void combine(const Range& range, std::span<const std::byte> received) const {
    void* const mine = bytes(range).data();
    std::array<const void*, 2> sources{mine, received.data()};
    if (received_first_) std::swap(sources[0], sources[1]);
    reduce_buffers(std::array<void*, 1>{mine}, sources, range.count, elements_.dtype, elements_.op);
  }

  Transport& transport_;
  const Step& step_;
  int send_peer_;
  int recv_peer_;
  bool received_first_;
  const Elements& elements_;
  Tag tag_;
  std::size_t segment_;
  std::array<InFlight, kInFlight> slots_;
};

}  // namespace

void execute(Transport& transport, const Schedule& schedule, std::span<const int> peers, const Elements& elements,
             const ExecuteOptions& options, Deadline deadline) {
  for (const Step& step : schedule) StepRunner(transport, step, peers, elements, options).run(deadline);
}

}  // namespace skein
