#pragma once
// The schedules of all ranks, run side by side on sets of contributions instead of numbers: without threads or memory.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "collectives/schedule.h"

namespace skein {

/// Which ranks' contributions an element holds, and how often each.
using Contributions = std::map<int, int>;

/// A buffer as a list of pieces between cuts, so that large counts cost nothing.
class SymbolicBuffer {
 public:
  SymbolicBuffer(std::set<std::size_t> cuts, const std::function<Contributions(std::size_t begin)>& initial)
      : cuts_(cuts.begin(), cuts.end()) {
    for (std::size_t i = 0; i + 1 < cuts_.size(); ++i) pieces_.push_back(initial(cuts_[i]));
  }
  std::vector<Contributions> read(const Range& range) const {
    const auto [first, last] = pieces_of(range);
    return {pieces_.begin() + first, pieces_.begin() + last};
  }
  void write(const Range& range, const std::vector<Contributions>& values, bool reduce) {
    const auto [first, last] = pieces_of(range);
    ASSERT_EQ(values.size(), static_cast<std::size_t>(last - first)) << "sent and received ranges differ";
    for (long i = first; i < last; ++i) {
      if (!reduce) pieces_[i].clear();
      for (const auto& [rank, times] : values[i - first]) pieces_[i][rank] += times;
    }
  }

 private:
  std::pair<long, long> pieces_of(const Range& range) const {
    const auto index = [&](std::size_t at) { return std::lower_bound(cuts_.begin(), cuts_.end(), at) - cuts_.begin(); };
    if (range.count == 0) return {0, 0};
    return {index(range.begin), index(range.end())};
  }
  std::vector<std::size_t> cuts_;
  std::vector<Contributions> pieces_;
};

/// The schedules of all ranks.
using Plan = std::vector<Schedule>;

inline Plan plan_of(int world_size, const std::function<Schedule(int rank)>& planner) {
  Plan plan;
  for (int rank = 0; rank < world_size; ++rank) plan.push_back(planner(rank));
  return plan;
}

inline std::set<std::size_t> cuts_of(const Plan& plan, std::size_t count) {
  std::set<std::size_t> cuts{0, count};
  for (const Schedule& schedule : plan)
    for (const Step& step : schedule)
      for (const Range& range : {step.send, step.recv}) cuts.insert({range.begin, range.end()});
  return cuts;
}

/// Runs a plan as execute() would: a rank goes on to its next step when it has received what the step waits
/// for. Messages between two ranks keep their order. Fails when ranks wait for each other, when a message is
/// never received, or when its length is not what the receiver expects.
class Simulation {
 public:
  Simulation(const Plan& plan, std::size_t count,
             const std::function<Contributions(int rank, std::size_t begin)>& initial)
      : plan_(plan), next_(plan.size(), 0), sent_(plan.size(), false) {
    for (std::size_t rank = 0; rank < plan.size(); ++rank)
      buffers_.emplace_back(cuts_of(plan, count),
                            [&](std::size_t begin) { return initial(static_cast<int>(rank), begin); });
  }
  void run() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t rank = 0; rank < plan_.size(); ++rank)
        while (advance(static_cast<int>(rank))) moved = true;
    }
    for (std::size_t rank = 0; rank < plan_.size(); ++rank)
      ASSERT_EQ(next_[rank], plan_[rank].size()) << "rank " << rank << " waits for ever";
    for (const auto& [route, messages] : in_flight_)
      ASSERT_TRUE(messages.empty()) << "rank " << route.first << " sent rank " << route.second << " too much";
  }
  const SymbolicBuffer& buffer(int rank) const { return buffers_[rank]; }

 private:
  struct Message {
    std::size_t count;
    std::vector<Contributions> content;
  };
  bool advance(int rank) {
    if (next_[rank] == plan_[rank].size()) return false;
    const Step& step = plan_[rank][next_[rank]];
    if (!sent_[rank] && step.send_to != kNobody)
      in_flight_[{rank, step.send_to}].push_back({step.send.count, buffers_[rank].read(step.send)});
    sent_[rank] = true;
    if (step.recv_from != kNobody) {
      auto& messages = in_flight_[{step.recv_from, rank}];
      if (messages.empty()) return false;
      EXPECT_EQ(messages.front().count, step.recv.count) << "rank " << rank << " step " << next_[rank];
      buffers_[rank].write(step.recv, messages.front().content, step.reduce);
      messages.pop_front();
    }
    ++next_[rank];
    sent_[rank] = false;
    return true;
  }

  const Plan& plan_;
  std::vector<std::size_t> next_;
  std::vector<bool> sent_;  // whether the next step has sent already
  std::vector<SymbolicBuffer> buffers_;
  std::map<std::pair<int, int>, std::deque<Message>> in_flight_;
};

inline Contributions own(int rank, std::size_t) {
  return {{rank, 1}};
}

inline Contributions everyone_once(int world_size) {
  Contributions all;
  for (int rank = 0; rank < world_size; ++rank) all[rank] = 1;
  return all;
}

inline void expect_everywhere(const SymbolicBuffer& buffer, const Range& range, const Contributions& expected) {
  for (const Contributions& piece : buffer.read(range)) ASSERT_EQ(piece, expected);
}

}  // namespace skein
