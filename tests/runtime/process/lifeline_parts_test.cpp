// What a lifeline is made of: who connects to whom, what silence means, what is said.

#include <gtest/gtest.h>

#include <set>

#include "runtime/process/error.h"
#include "runtime/process/lifeline_graph.h"
#include "runtime/process/lifeline_notice.h"
#include "runtime/process/lifeline_port.h"
#include "runtime/process/lifeline_verdict.h"

namespace skein {
namespace {

using namespace std::chrono_literals;

/// How many of `alive` are reached from the first of them by connections in either direction.
std::size_t num_reached(const Topology& topology, const std::set<int>& alive) {
  if (alive.empty()) return 0;
  std::vector<int> frontier{*alive.begin()};
  std::set<int> reached(frontier.begin(), frontier.end());
  while (!frontier.empty()) {
    const int rank = frontier.back();
    frontier.pop_back();
    std::vector<int> neighbours = lifeline_targets(topology, rank);
    for (int dialer : lifeline_dialers(topology, rank)) neighbours.push_back(dialer);
    for (int next : neighbours)
      if (alive.contains(next) && reached.insert(next).second) frontier.push_back(next);
  }
  return reached.size();
}

TEST(LifelineGraph, WhoeverIsLostTheOthersReachEachOther) {
  const std::vector<std::vector<int>> layouts{{1}, {2}, {5}, {1, 1}, {2, 2}, {3, 1}, {1, 1, 1}, {4, 1, 2}, {2, 2, 2, 2}};
  for (const auto& layout : layouts) {
    const Topology topology = Topology::of(layout);
    std::set<int> all;
    for (int rank = 0; rank < topology.world_size(); ++rank) all.insert(rank);
    ASSERT_EQ(num_reached(topology, all), all.size());
    for (int lost : all) {
      std::set<int> left = all;
      left.erase(lost);
      EXPECT_EQ(num_reached(topology, left), left.size()) << "without rank " << lost;
    }
    for (int host = 0; host < topology.num_hosts(); ++host) {
      std::set<int> left = all;
      for (int rank : topology.ranks_of_host(host)) left.erase(rank);
      EXPECT_EQ(num_reached(topology, left), left.size()) << "without host " << host;
    }
  }
}

TEST(LifelineGraph, NobodyHasMoreThanAFewConnections) {
  const Topology topology = Topology::of({4, 4, 4, 4, 4, 4, 4, 4});
  for (int rank = 0; rank < topology.world_size(); ++rank) {
    EXPECT_EQ(lifeline_targets(topology, rank).size(), 2u);
    EXPECT_EQ(lifeline_dialers(topology, rank).size(), 2u);
  }
}

TEST(LifelineVerdict, TellsDeadHostsFromStoppedProcesses) {
  constexpr int kMost = 5;
  const PeerSigns well{.num_missed = kMost, .unacknowledged = true};
  EXPECT_EQ(judge(well, kMost), PeerState::kWell) << "it still has time";
  EXPECT_EQ(judge({.num_missed = kMost + 1, .unacknowledged = true}, kMost), PeerState::kHostLost);
  EXPECT_EQ(judge({.num_missed = kMost + 1}, kMost), PeerState::kSilent) << "its host acknowledges";
  EXPECT_EQ(judge({.said_goodbye = true, .num_missed = 99, .unacknowledged = true}, kMost), PeerState::kWell);
  EXPECT_EQ(judge({.near = true, .num_missed = 99, .unacknowledged = true}, kMost), PeerState::kSilent)
      << "this host is not lost";
  EXPECT_EQ(judge({.near = true, .stopped = true}, kMost), PeerState::kStopped) << "at once, where the system says so";
}

TEST(LifelineVerdict, LossesNameWhatIsLost) {
  const Topology topology = Topology::of({2, 1});
  EXPECT_EQ(loss_of_host(topology, 0, 5s).message,
            "host0 does not answer any more (no heartbeat for 5 s): its link is down or the host is lost; ranks on it: 0, 1");
  EXPECT_EQ(loss_of_own_link(topology, 1, 5s).ranks, (std::vector<int>{0, 1}));
  const Loss loss = Loss::from_json(loss_of_rank(topology, 2).to_json());
  EXPECT_EQ(loss.message, "rank 2 (host1, pid 0) ended unexpectedly");
  EXPECT_EQ(loss.ranks, std::vector<int>{2});
  EXPECT_FALSE(loss.of_host);
}

TEST(LifelineNotices, AreHeardOnceAndNonsenseNever) {
  const LifelineNotice notice{2, 7, "topic", {{"text", "\xff torn"}}};
  const auto decoded = LifelineNotice::decoded(notice.encoded(), 3);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->origin, 2);
  EXPECT_EQ(decoded->topic, "topic");
  EXPECT_EQ(decoded->content.at("text"), "\xef\xbf\xbd torn");
  EXPECT_FALSE(LifelineNotice::decoded(notice.encoded(), 2)) << "there is no rank 2";
  for (const char* nonsense : {"", "{", "[]", "{}", R"({"origin":"x","number":1,"topic":"","content":{}})",
                               R"({"origin":0,"number":1,"topic":"","content":[]})"})
    EXPECT_FALSE(LifelineNotice::decoded(nonsense, 3)) << nonsense;
  NoticesHeard heard;
  EXPECT_TRUE(heard.is_new(notice));
  EXPECT_FALSE(heard.is_new(notice));
  EXPECT_TRUE(heard.is_new({2, 8, "", {}}));
  EXPECT_TRUE(heard.is_new({1, 7, "", {}}));
}

TEST(LifelinePort, RefusesInterfacesThatDoNotExist) {
  try {
    host_addresses("lo,nosuch0");
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("SKEIN_NETWORK_INTERFACES names 'nosuch0'"), std::string::npos);
  }
}

}  // namespace
}  // namespace skein
