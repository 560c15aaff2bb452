// Lifelines between threads of this process, on pretended hosts, with heartbeats fast enough for tests. Real processes and
// lost links: tests/failures.

#include "runtime/process/lifeline.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/support/run_lifelines.h"

namespace skein {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const std::vector<std::vector<int>> kLayouts{{2}, {4}, {1, 1}, {2, 2}, {3, 1}, {2, 1, 2}};

TEST(Lifeline, WhatOneRankSaysAllOthersHearOnce) {
  for (const auto& layout : kLayouts) {
    const Topology topology = Topology::of(layout);
    auto ranks = lifeline_ranks(topology);
    std::vector<std::atomic<int>> heard(topology.world_size());
    std::vector<std::shared_ptr<void>> listeners;
    for (int rank = 0; rank < topology.world_size(); ++rank)
      listeners.push_back(ranks[rank]->lifeline().listen(
          "sum", [&, rank](int origin, const Json& notice) { heard[rank] += notice.at("of") == origin ? 1 << origin : 1000; },
          [] {}));
    for (int rank = 0; rank < topology.world_size(); ++rank) {
      ranks[rank]->lifeline().flood("sum", {{"of", rank}});
      ranks[rank]->lifeline().flood("another topic", {{"of", rank}});
    }
    const int all = (1 << topology.world_size()) - 1;
    for (int rank = 0; rank < topology.world_size(); ++rank)
      EXPECT_TRUE(eventually([&] { return heard[rank] == (all & ~(1 << rank)); })) << rank << ": " << heard[rank];
    listeners.clear();
    leave_all(ranks);
    for (const auto& rank : ranks) EXPECT_EQ(rank->failure(), "");
  }
}

TEST(Lifeline, WhoeverEndsIsNamedByAllOthers) {
  for (const auto& layout : kLayouts) {
    const Topology topology = Topology::of(layout);
    for (int victim : {0, topology.world_size() - 1}) {
      auto ranks = lifeline_ranks(topology);
      ranks[victim]->die();
      for (int rank = 0; rank < topology.world_size(); ++rank) {
        if (rank == victim) continue;
        EXPECT_TRUE(eventually([&] { return !ranks[rank]->failure().empty(); }));
        const std::string place = topology.num_hosts() > 1 ? topology.members[victim].host_name + ", " : "";
        EXPECT_TRUE(ranks[rank]->failure().starts_with(concat("PeerLost: rank ", victim, " (", place, "pid 0) ended")))
            << rank << ": " << ranks[rank]->failure();
        EXPECT_FALSE(ranks[rank]->lifeline().has_lost_host());
      }
    }
  }
}

TEST(Lifeline, WhoLeavesInOrderIsNotMissed) {
  const Topology topology = Topology::of({2, 2});
  auto ranks = lifeline_ranks(topology);
  ranks[3]->leave();
  ranks[0]->leave();
  std::this_thread::sleep_for(400ms);  // ten heartbeats
  for (int rank : {1, 2}) EXPECT_EQ(ranks[rank]->failure(), "");
}

TEST(Lifeline, AFailureKeepsItsKindWhereAllShareIt) {
  const Topology topology = Topology::of({2, 1});
  const std::vector<std::pair<std::shared_ptr<Error>, std::string>> cases{
      {std::make_shared<TimeoutError>("rank 9 is missing"), "TimeoutError: rank 1 (host0) gave up: rank 9 is missing"},
      {std::make_shared<MismatchError>("we differ"), "MismatchError: rank 1 (host0) noticed that we differ"},
      {std::make_shared<DataError>("torn"), "PeerLost: rank 1 (host0) failed: DataError: torn"}};
  for (const auto& [error, expected] : cases) {
    auto ranks = lifeline_ranks(topology);
    ranks[1]->lifeline().announce_failure(*error);
    std::this_thread::sleep_for(20ms);
    ranks[1]->die();  // no news: it has said why
    for (int rank : {0, 2}) {
      EXPECT_TRUE(eventually([&] { return !ranks[rank]->failure().empty(); }));
      EXPECT_EQ(ranks[rank]->failure(), expected);
    }
  }
}

TEST(Lifeline, AProcessThatHangsIsReportedAndWaitedFor) {
  const Topology topology = Topology::of({1, 1, 1});
  auto ranks = lifeline_ranks(topology);
  std::atomic<bool> hanging{true};
  auto hang = ranks[1]->lifeline().listen("hang", [&](int, const Json&) {
    while (hanging) std::this_thread::sleep_for(1ms);
  }, [] {});
  const auto all_say = [&](bool silent) {
    return eventually([&] { return ranks[0]->lifeline().is_silent(1) == silent && ranks[2]->lifeline().is_silent(1) == silent; });
  };
  ranks[0]->lifeline().flood("hang", Json::object());
  EXPECT_TRUE(all_say(true));
  hanging = false;
  EXPECT_TRUE(all_say(false));
  for (const auto& rank : ranks) EXPECT_EQ(rank->failure(), "");
  hang.reset();  // before its lifeline
  leave_all(ranks);
}

TEST(Lifeline, StrangersChangeNothing) {
  const Topology topology = Topology::of({2});
  std::vector<LifelinePort> ports;
  ports.emplace_back("");
  ports.emplace_back("");
  const std::vector<LifelineContact> contacts{ports[0].contact(), ports[1].contact()};
  const FileDescriptor stranger = begin_to_connect(loopback_address(), contacts[1].port);
  std::this_thread::sleep_for(20ms);
  const std::string nonsense(200, 'x');
  ASSERT_EQ(send(stranger.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 200);
  std::unique_ptr<LifelineRank> first;
  std::thread other([&] { first = std::make_unique<LifelineRank>(0, topology, std::move(ports[0]), contacts); });
  LifelineRank second(1, topology, std::move(ports[1]), contacts);
  other.join();
  std::this_thread::sleep_for(100ms);
  char byte = 0;
  EXPECT_LE(recv(stranger.get(), &byte, 1, MSG_DONTWAIT), 0) << "it is told nothing";
  EXPECT_EQ(second.failure() + first->failure(), "");
  first->die();
  EXPECT_TRUE(eventually([&] { return !second.failure().empty(); })) << "the real one is heard";
}

TEST(Lifeline, WhoEndsWaitsForThoseWhoStillWrite) {
  const Topology topology = Topology::of({2, 2});
  auto ranks = lifeline_ranks(topology);
  const auto waits = [&](std::chrono::milliseconds limit) {
    const auto begin = Clock::now();
    ranks[0]->lifeline().await_ready_to_end(Deadline::after(limit));
    return Clock::now() - begin >= limit;
  };
  ranks[2]->die();
  ranks[1]->lifeline().ready_to_end();
  EXPECT_TRUE(waits(200ms)) << "rank 3 still writes";
  ranks[3]->lifeline().ready_to_end();
  EXPECT_FALSE(waits(5s)) << "the dead need not be waited for";
}

}  // namespace
}  // namespace skein
