#include "collectives/execute.h"

#include <algorithm>
#include <array>
#include <memory>

#include "collectives/convert_kernels.h"
#include "collectives/reduce_kernels.h"
#include "collectives/segment_flow.h"

namespace skein {
namespace {

/// Brings the segments of a flow on their way and takes them in.
class Execution {
 public:
  Execution(Transport& transport, const Schedule& schedule, std::span<const int> peers, const Elements& elements,
            const ExecuteOptions& options, Deadline deadline)
      : transport_(transport),
        peers_(peers),
        elements_(elements),
        tag_(options.tag),
        deadline_(deadline),
        wire_dtype_(elements.wire_dtype.value_or(elements.dtype)),
        compressed_(wire_dtype_ != elements.dtype),
        flow_(schedule, std::max<std::size_t>(1, options.segment_bytes / dtype_bytes(wire_dtype_)),
              elements.sent != nullptr, compressed_) {}

  void run() {
    while (!flow_.all_done()) {
      while (flow_.may_receive()) start_receive();
      while (flow_.may_send()) start_send();
      if (prepare_for_receives()) continue;
      if (!finish_one()) wait();
    }
  }

 private:
  struct Slot {
    std::vector<std::byte> bytes;  // as they travel, where that is not in `data`; goes after the transfer
    bool prepared = false;
    std::unique_ptr<Transfer> transfer;
  };

  std::span<std::byte> in_place(const Range& range) const {
    const std::size_t element = dtype_bytes(elements_.dtype);
    return {elements_.data + range.begin * element, range.count * element};
  }
  std::size_t wire_bytes(const Range& range) const { return range.count * dtype_bytes(wire_dtype_); }

  void start_receive() {
    const Direction::Position& position = receives_.next();
    const Range range = receives_.range_of(position);
    Slot& slot = receive_slots_[receives_.next_slot()];
    std::span<std::byte> target = in_place(range);
    if (flow_.arrives_elsewhere(position)) {
      slot.bytes.resize(wire_bytes(range));
      target = slot.bytes;
    }
    slot.prepared = !receives_.step_of(position).reduce;
    slot.transfer = transport_.recv(peers_[receives_.step_of(position).recv_from], tag_, target);
    receives_.advance_next();
  }

  void start_send() {
    const Direction::Position& position = sends_.next();
    const Range range = sends_.range_of(position);
    Slot& slot = send_slots_[sends_.next_slot()];
    const int peer = peers_[sends_.step_of(position).send_to];
    const std::span<const std::byte> bytes = outgoing(range, slot);
    const bool paced = flow_.next_send_is_paced();
    slot.transfer = paced ? transport_.sync_send(peer, tag_, bytes) : transport_.send(peer, tag_, bytes);
    sends_.advance_next();
  }
  std::span<const std::byte> outgoing(const Range& range, Slot& slot) const {
    if (elements_.sent != nullptr) {
      const std::size_t element = dtype_bytes(elements_.dtype);
      return {elements_.sent + range.begin * element, range.count * element};
    }
    if (elements_.prepare) elements_.prepare(range);
    const std::span<std::byte> own = in_place(range);
    if (!compressed_) return own;
    slot.bytes.resize(wire_bytes(range));
    convert_elements(slot.bytes.data(), wire_dtype_, own.data(), elements_.dtype, range.count);
    convert_elements(own.data(), elements_.dtype, slot.bytes.data(), wire_dtype_, range.count);
    return slot.bytes;
  }

  /// Brings in this rank's own elements while those of others are under way. False when there is nothing to do.
  bool prepare_for_receives() {
    if (!elements_.prepare || receives_.num_under_way() == 0) return false;
    Slot& slot = receive_slots_[receives_.first_slot()];
    if (slot.prepared) return false;
    elements_.prepare(receives_.range_of(receives_.done()));
    slot.prepared = true;
    return true;
  }

  /// Ends the first receive or send under way that has arrived. False when none has.
  bool finish_one() {
    if (sends_.num_under_way() != 0 && send_slots_[sends_.first_slot()].transfer->done()) {
      end(send_slots_[sends_.first_slot()]);
      sends_.advance_done();
      return true;
    }
    if (receives_.num_under_way() == 0 || !receive_slots_[receives_.first_slot()].transfer->done()) return false;
    const Range range = receives_.range_of(receives_.done());
    if (!flow_.may_take_first()) return false;
    Slot& slot = receive_slots_[receives_.first_slot()];
    end(slot);
    take(receives_.step_of(receives_.done()), range, slot);
    receives_.advance_done();
    return true;
  }
  void end(Slot& slot) const {
    slot.transfer->wait(deadline_);
    slot.transfer.reset();
  }

  void take(const Step& step, const Range& range, Slot& slot) {
    if (step.reduce) {
      combine(range, slot.bytes, peers_[step.recv_from] < transport_.rank());
      if (step.completes) complete(range);
    } else if (compressed_) {
      convert_elements(in_place(range).data(), elements_.dtype, slot.bytes.data(), wire_dtype_, range.count);
    }
    if (elements_.publish && (step.completes || !step.reduce)) elements_.publish(range);
  }
  void combine(const Range& range, const std::vector<std::byte>& received, bool received_first) {
    const std::byte* theirs = received.data();
    if (compressed_) {
      expanded_.resize(range.count * dtype_bytes(elements_.dtype));
      convert_elements(expanded_.data(), elements_.dtype, theirs, wire_dtype_, range.count);
      theirs = expanded_.data();
    }
    void* const mine = in_place(range).data();
    std::array<const void*, 2> sources{mine, theirs};
    if (received_first) std::swap(sources[0], sources[1]);
    reduce_buffers(std::array<void*, 1>{mine}, sources, range.count, elements_.dtype, elements_.op);
  }
  void complete(const Range& range) {
    if (elements_.complete) elements_.complete(range);
    if (!compressed_) return;
    expanded_.resize(wire_bytes(range));
    convert_elements(expanded_.data(), wire_dtype_, in_place(range).data(), elements_.dtype, range.count);
    convert_elements(in_place(range).data(), elements_.dtype, expanded_.data(), wire_dtype_, range.count);
  }

  /// Until the first receive or the first send under way has ended, or a wait for it is the way to learn why not. A
  /// receive that has ended already waits for a send.
  void wait() {
    std::array<Transfer*, 2> awaited{};
    std::size_t num_awaited = 0;
    const auto await = [&](const Slot& slot) {
      if (!slot.transfer->done()) awaited[num_awaited++] = slot.transfer.get();
    };
    if (receives_.num_under_way() != 0) await(receive_slots_[receives_.first_slot()]);
    if (sends_.num_under_way() != 0) await(send_slots_[sends_.first_slot()]);
    if (num_awaited != 0) wait_for_any(std::span(awaited).first(num_awaited), deadline_);
  }

  Transport& transport_;
  std::span<const int> peers_;
  const Elements& elements_;
  Tag tag_;
  Deadline deadline_;
  DType wire_dtype_;
  bool compressed_;
  SegmentFlow flow_;
  Direction& sends_ = flow_.sends();
  Direction& receives_ = flow_.receives();
  std::array<Slot, kInFlight> send_slots_;
  std::array<Slot, kInFlight> receive_slots_;
  std::vector<std::byte> expanded_;  // scratch
};

}  // namespace

void execute(Transport& transport, const Schedule& schedule, std::span<const int> peers, const Elements& elements,
             const ExecuteOptions& options, Deadline deadline) {
  Execution(transport, schedule, peers, elements, options, deadline).run();
}

}  // namespace skein
