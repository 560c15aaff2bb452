// What ranks answer when they are asked where they are, and how that reads.

#include "collectives/roll_call.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace skein {
namespace {

using namespace std::chrono_literals;
using State = Presence::State;

LastCall call_of(const std::string& communicator, std::uint64_t sequence, const std::string& text,
                 bool finished = false) {
  return {.communicator = communicator, .ranks = {0, 1, 2, 3, 4}, .sequence = sequence, .text = text, .finished = finished};
}

TEST(RollCall, ARankSaysWhereItIs) {
  const std::vector<LastCall> calls{call_of("world", 7, "allreduce #7"), call_of("world/0-1", 3, "barrier #3", true)};
  EXPECT_EQ(presence_in(calls, "world", 7).state, State::kInside);
  EXPECT_EQ(presence_in(calls, "world", 6).state, State::kCompleted);
  EXPECT_EQ(presence_in(calls, "world", 8).state, State::kNotCome);
  EXPECT_EQ(presence_in(calls, "world/0-1", 3).state, State::kCompleted);
  EXPECT_EQ(presence_in(calls, "world/0-2", 0).state, State::kUnknown);
  EXPECT_EQ(presence_in(calls, "world/0-1", 4).elsewhere, "allreduce #7") << "it cannot come while it waits there";
  EXPECT_EQ(presence_in(calls, "world", 7).elsewhere, "");
  std::vector<LastCall> ended{call_of("world", 7, "allreduce #7", true)};
  ended[0].ended = true;
  EXPECT_EQ(presence_in(ended, "world", 8).state, State::kEnded);
  const Presence presence = Presence::from_json(presence_in(calls, "world/0-1", 4).to_json());
  EXPECT_EQ(presence.state, State::kNotCome);
  EXPECT_EQ(presence.elsewhere, "allreduce #7");
}

RollCall roll_with(const std::map<int, Presence>& answers) {
  return {call_of("world", 1234, "allreduce #1234 'w'"), answers};
}

TEST(RollCall, NamesWhoIsMissingAndWhatIsKnownOfThem) {
  const Topology topology = Topology::of({3, 2});
  const Presence inside{State::kInside, ""};
  const Presence gone_on{State::kCompleted, ""};
  const Presence absent{State::kNotCome, ""};
  EXPECT_EQ(warning_of(roll_with({{0, inside}, {1, inside}, {2, gone_on}, {3, inside}, {4, absent}}), topology, {}, 60s),
            "rank 4 (host1) has not entered allreduce #1234 'w'; waiting 60 s; entered: ranks 0-3");
  EXPECT_EQ(warning_of(roll_with({{0, inside}, {2, inside}, {3, {State::kNotCome, "barrier #3 of world/3-4"}},
                                  {4, {State::kEnded, ""}}}),
                       topology, {{1, "is stopped"}}, 2500ms),
            "rank 1 (host0) [is stopped], rank 3 (host1) [waits in barrier #3 of world/3-4], rank 4 (host1) [has ended this "
            "communicator] have not entered allreduce #1234 'w'; waiting 2.5 s; entered: ranks 0, 2");
  EXPECT_EQ(timeout_of(roll_with({{0, inside}, {1, inside}, {2, inside}, {4, inside}}), topology, {}, 600s),
            "timed out in allreduce #1234 'w' after 600 s: missing rank 3 (host1) [gives no answer]; entered: ranks "
            "0-2, 4");
}

TEST(RollCall, SaysWhenNobodyIsMissing) {
  const Topology topology = Topology::of({5});
  const Presence inside{State::kInside, ""};
  const RollCall all = roll_with({{0, inside}, {1, inside}, {2, inside}, {3, inside}, {4, inside}});
  EXPECT_EQ(warning_of(all, topology, {}, 60s),
            "all ranks have entered allreduce #1234 'w' and it does not end; waiting 60 s; data is still under way");
  EXPECT_EQ(timeout_of(all, topology, {{2, "is stopped"}}, 60s),
            "timed out in allreduce #1234 'w' after 60 s: all ranks have entered it; rank 2 is stopped");
}

TEST(RollCall, ManyMissingRanksMakeOneRange) {
  RollCall roll = roll_with({{0, {State::kInside, ""}}});
  roll.call.communicator = "world/0-49";
  roll.call.ranks.clear();
  for (int rank = 0; rank < 50; ++rank) roll.call.ranks.push_back(rank);
  EXPECT_EQ(warning_of(roll, Topology::of({50}), {}, 60s),
            "ranks 1-49 have not entered allreduce #1234 'w' of world/0-49; waiting 60 s; entered: rank 0");
}

}  // namespace
}  // namespace skein
