#include "collectives/execute.h"

#include <algorithm>
#include <array>
#include <memory>

#include "collectives/convert_kernels.h"
#include "collectives/reduce_kernels.h"

namespace skein {
namespace {

/// Segments sent or received at once, in each direction.
constexpr std::size_t kInFlight = 4;

/// How the ranges of a schedule are cut.
struct Segmentation {
  std::size_t segment_count;  // elements of a segment

  // An empty range still is one (empty) message, so that both sides count alike.
  std::size_t num_segments(const Range& range) const {
    return std::max<std::size_t>(1, (range.count + segment_count - 1) / segment_count);
  }
  Range segment(const Range& range, std::size_t index) const {
    const std::size_t begin = std::min(index * segment_count, range.count);
    return {range.begin + begin, std::min(segment_count, range.count - begin)};
  }
  /// How many of the first segments of `range` hold everything that it shares with `part`.
  std::size_t num_overlapping(const Range& range, const Range& part) const {
    const std::size_t end = std::min(range.end(), part.end());
    if (end <= std::max(range.begin, part.begin)) return 0;
    return (end - range.begin + segment_count - 1) / segment_count;
  }
};

/// The segments that one rank sends, or those that it receives, in the order of the schedule.
class Direction {
 public:
  struct Position {
    std::size_t step = 0;
    std::size_t segment = 0;
    bool operator==(const Position&) const = default;
  };
  using Peer = int Step::*;
  using Part = Range Step::*;

  Direction(const Schedule& schedule, const Segmentation& cut, Peer peer, Part part)
      : schedule_(schedule), cut_(cut), peer_(peer), part_(part) {
    skip_others(next_);
    skip_others(done_);
  }

  bool all_started() const { return next_.step == schedule_.size(); }
  bool all_done() const { return done_.step == schedule_.size(); }
  const Position& next() const { return next_; }
  const Position& done() const { return done_; }
  std::size_t num_under_way() const { return num_started_ - num_done_; }
  /// Places for what is under way: of the next one, and of the first that is not done.
  std::size_t next_slot() const { return num_started_ % kInFlight; }
  std::size_t first_slot() const { return num_done_ % kInFlight; }

  const Step& step_of(const Position& position) const { return schedule_[position.step]; }
  Range range_of(const Position& position) const {
    return cut_.segment(step_of(position).*part_, position.segment);
  }
  std::size_t num_segments_of(const Position& position) const { return cut_.num_segments(step_of(position).*part_); }

  void advance_next() {
    ++num_started_;
    advance(next_);
  }
  void advance_done() {
    ++num_done_;
    advance(done_);
  }
  /// Whether all segments of step number `step` that share something with `range` are done; those of later steps are
  /// not asked for.
  bool done_with(std::size_t step, const Range& range) const {
    if (done_.step > step || schedule_[step].*peer_ == kNobody) return true;
    const std::size_t num_overlapping = cut_.num_overlapping(schedule_[step].*part_, range);
    return num_overlapping == 0 || (done_.step == step && done_.segment >= num_overlapping);
  }

 private:
  void advance(Position& position) const {
    if (++position.segment < num_segments_of(position)) return;
    position = {position.step + 1, 0};
    skip_others(position);
  }
  void skip_others(Position& position) const {
    while (position.step < schedule_.size() && step_of(position).*peer_ == kNobody) ++position.step;
  }

  const Schedule& schedule_;
  const Segmentation& cut_;
  Peer peer_;
  Part part_;
  Position next_;
  Position done_;
  std::size_t num_started_ = 0;
  std::size_t num_done_ = 0;
};

/// Sends and receives go on beside each other, each in the order of the schedule. A segment waits for those of its own
/// step and of the one before with which it shares elements; a step begins when the one before the last has ended.
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
        cut_{std::max<std::size_t>(1, options.segment_bytes / dtype_bytes(wire_dtype_))},
        sends_(schedule, cut_, &Step::send_to, &Step::send),
        receives_(schedule, cut_, &Step::recv_from, &Step::recv) {}

  void run() {
    while (!sends_.all_done() || !receives_.all_done()) {
      while (may_receive()) start_receive();
      while (may_send()) start_send();
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

  bool begun(std::size_t step) const { return step <= std::min(sends_.done().step, receives_.done().step) + 1; }
  /// Whether nobody needs what lies in `range` any more before `step` writes there.
  bool may_overwrite(std::size_t step, const Range& range) const {
    const bool before = step == 0 || (sends_.done_with(step - 1, range) && receives_.done_with(step - 1, range));
    return before && sends_.done_with(step, range);
  }

  bool may_receive() const {
    if (receives_.all_started() || receives_.num_under_way() == kInFlight || !begun(receives_.next().step)) return false;
    return arrives_elsewhere(receives_.next()) || elements_.sent != nullptr ||
           may_overwrite(receives_.next().step, receives_.range_of(receives_.next()));
  }
  bool arrives_elsewhere(const Direction::Position& position) const {
    return compressed_ || receives_.step_of(position).reduce;
  }
  void start_receive() {
    const Direction::Position& position = receives_.next();
    const Range range = receives_.range_of(position);
    Slot& slot = receive_slots_[receives_.next_slot()];
    std::span<std::byte> target = in_place(range);
    if (arrives_elsewhere(position)) {
      slot.bytes.resize(wire_bytes(range));
      target = slot.bytes;
    }
    slot.prepared = !receives_.step_of(position).reduce;
    slot.transfer = transport_.recv(peers_[receives_.step_of(position).recv_from], tag_, target);
    receives_.advance_next();
  }

  bool may_send() const {
    if (sends_.all_started() || sends_.num_under_way() == kInFlight || !begun(sends_.next().step)) return false;
    const std::size_t step = sends_.next().step;
    return step == 0 || elements_.sent != nullptr || receives_.done_with(step - 1, sends_.range_of(sends_.next()));
  }
  void start_send() {
    const Direction::Position& position = sends_.next();
    const Range range = sends_.range_of(position);
    Slot& slot = send_slots_[sends_.next_slot()];
    const int peer = peers_[sends_.step_of(position).send_to];
    const std::span<const std::byte> bytes = outgoing(range, slot);
    // Of a long step as many segments as there are slots may be on the link, and no more.
    const bool paced = sends_.num_segments_of(position) > kInFlight;
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
    const bool overwrites = arrives_elsewhere(receives_.done());
    if (overwrites && !may_overwrite(receives_.done().step, range)) return false;
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
  Segmentation cut_;
  Direction sends_;
  Direction receives_;
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
