#pragma once
// In which order the segments of a schedule may travel: what execute() does, and what its model (link_model.h) counts on.

#include <algorithm>
#include <cstddef>

#include "collectives/schedule.h"

namespace skein {

/// Segments sent or received at once, in each direction. A paced one is under way until its receiver's answer has come
/// through what is queued for the other link: of a ring of four hosts over 1 Gbit/s, four kept 92 % of the links busy and
/// eight 99 %.
inline constexpr std::size_t kInFlight = 8;

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

/// One rank's way through a schedule. Sends and receives go on beside each other, each in the order of the schedule. A
/// segment waits for those of its own step and of the one before with which it shares elements; a step begins when the
/// one before the last has ended. The schedule must outlive it.
class SegmentFlow {
 public:
  /// `separate`: what is sent lies in a buffer of its own, so that nothing received can disturb it.
  /// `arrives_elsewhere`: nothing is received where it shall be in the end, not even what replaces what lies there.
  SegmentFlow(const Schedule& schedule, std::size_t segment_count, bool separate, bool arrives_elsewhere)
      : separate_(separate),
        arrives_elsewhere_(arrives_elsewhere),
        cut_{segment_count},
        sends_(schedule, cut_, &Step::send_to, &Step::send),
        receives_(schedule, cut_, &Step::recv_from, &Step::recv) {}
  SegmentFlow(const SegmentFlow&) = delete;
  SegmentFlow& operator=(const SegmentFlow&) = delete;

  Direction& sends() { return sends_; }
  Direction& receives() { return receives_; }
  bool all_done() const { return sends_.all_done() && receives_.all_done(); }

  bool may_send() const {
    if (sends_.all_started() || sends_.num_under_way() == kInFlight || !begun(sends_.next().step)) return false;
    const std::size_t step = sends_.next().step;
    return step == 0 || separate_ || receives_.done_with(step - 1, sends_.range_of(sends_.next()));
  }
  /// Of a long step as many segments as there are slots may be on the link, and no more.
  bool next_send_is_paced() const { return sends_.num_segments_of(sends_.next()) > kInFlight; }

  bool may_receive() const {
    if (receives_.all_started() || receives_.num_under_way() == kInFlight || !begun(receives_.next().step)) return false;
    return arrives_elsewhere(receives_.next()) || separate_ ||
           may_overwrite(receives_.next().step, receives_.range_of(receives_.next()));
  }
  bool arrives_elsewhere(const Direction::Position& position) const {
    return arrives_elsewhere_ || receives_.step_of(position).reduce;
  }
  /// Whether the first segment under way, once it is here, may be put where it belongs.
  bool may_take_first() const {
    const Direction::Position& first = receives_.done();
    return !arrives_elsewhere(first) || may_overwrite(first.step, receives_.range_of(first));
  }

 private:
  bool begun(std::size_t step) const { return step <= std::min(sends_.done().step, receives_.done().step) + 1; }
  /// Whether nobody needs what lies in `range` any more before `step` writes there.
  bool may_overwrite(std::size_t step, const Range& range) const {
    const bool before = step == 0 || (sends_.done_with(step - 1, range) && receives_.done_with(step - 1, range));
    return before && sends_.done_with(step, range);
  }

  bool separate_;
  bool arrives_elsewhere_;
  Segmentation cut_;
  Direction sends_;
  Direction receives_;
};

}  // namespace skein
