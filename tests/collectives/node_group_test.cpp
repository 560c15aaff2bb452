// NodeGroup under stress, with ranks as threads so that the thread sanitizer sees what they do to each
// other's memory.

#include "collectives/node_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>

#include "collectives/node_operations.h"
#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds(30));
}

/// One rank of a group: the n-th call is the same on all of them, its timing is not.
class Hammer {
 public:
  explicit Hammer(RankContext& rank)
      : group_(*rank.transport, rank.topology, rank.health), own_random_(rank.rank), ordinary_(kMaxCount) {
    auto region = group_.local_rank() == 0 ? group_.arena()->make_region(kMaxCount * sizeof(std::int32_t)) : nullptr;
    Call call;
    group_.begin(call, {}, soon());
    const RegionHandle offered = region ? handle_of(region) : RegionHandle{};
    std::string bytes(reinterpret_cast<const char*>(&offered), sizeof offered);
    RegionHandle handle;
    std::memcpy(&handle, group_.exchange(bytes, soon())[0].data(), sizeof handle);
    arena_ = group_.add_allocation(1 << 10, open_region(handle, 0), kMaxCount * sizeof(std::int32_t));
    group_.sync(soon());
  }

  void call_once() {
    static constexpr std::size_t kCounts[] = {1, 3, 600, 1000, 4096, 4097, 30000, 65536, 65537, kMaxCount};
    const std::size_t count = kCounts[common_random_() % std::size(kCounts)];
    const bool some_in_arena = common_random_() % 2 == 0;
    const bool all_in_arena = common_random_() % 2 == 0;
    const bool in_arena = some_in_arena && (all_in_arena || group_.local_rank() % 2 == 0);
    const Buffer buffer{in_arena ? static_cast<void*>(arena_.get()) : ordinary_.data(), count, DType::kInt32};
    switch (common_random_() % 3) {
      case 0:
        return allreduce(buffer);
      case 1:
        return broadcast(buffer, static_cast<int>(common_random_() % group_.local_size()));
      default:
        return node_barrier(group_, next_call(Operation::kBarrier, 0), soon());
    }
  }

 private:
  static constexpr std::size_t kMaxCount = 150000;

  Call next_call(Operation operation, std::size_t count) {
    if (own_random_() % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(own_random_() % 300));
    Call call;
    call.sequence = num_calls_++;
    call.operation = operation;
    call.dtype = DType::kInt32;
    call.count = count;
    return call;
  }
  std::int32_t value(int local_rank, std::size_t i) const {
    return static_cast<std::int32_t>((num_calls_ + 1) * 7 + 1000 * local_rank + i);
  }
  void fill(const Buffer& buffer) const {
    auto* values = static_cast<std::int32_t*>(buffer.data);
    for (std::size_t i = 0; i < buffer.count; ++i) values[i] = value(group_.local_rank(), i);
  }
  void allreduce(const Buffer& buffer) {
    fill(buffer);
    std::vector<std::int32_t> expected(buffer.count, 0);
    for (int local = 0; local < group_.local_size(); ++local)
      for (std::size_t i = 0; i < buffer.count; ++i) expected[i] += value(local, i);
    node_reduce(group_, next_call(Operation::kAllreduce, buffer.count), buffer, buffer, soon());
    expect(buffer, expected);
  }
  void broadcast(const Buffer& buffer, int root) {
    fill(buffer);
    std::vector<std::int32_t> expected(buffer.count);
    for (std::size_t i = 0; i < buffer.count; ++i) expected[i] = value(root, i);
    Call call = next_call(Operation::kBroadcast, buffer.count);
    call.root = root;
    node_move(group_, call, buffer, buffer, soon());
    expect(buffer, expected);
  }
  void expect(const Buffer& buffer, const std::vector<std::int32_t>& expected) const {
    const auto* values = static_cast<const std::int32_t*>(buffer.data);
    if (!std::equal(expected.begin(), expected.end(), values)) throw Error("a call gave the wrong result");
  }

  NodeGroup group_;
  std::mt19937 common_random_{12345};
  std::mt19937 own_random_;
  std::vector<std::int32_t> ordinary_;
  std::shared_ptr<std::byte> arena_;
  std::uint64_t num_calls_ = 0;
};

class NodeGroups : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, NodeGroups, testing::Values(1, 2, 3, 4, 8));

TEST_P(NodeGroups, StandAThousandCallsOfEverySize) {
  run_rank_threads({GetParam()}, [](RankContext& rank) {
    Hammer hammer(rank);
    const int num_calls = 2000 / rank.topology.world_size();
    for (int i = 0; i < num_calls; ++i) hammer.call_once();
  });
}

TEST_P(NodeGroups, NeverMixTwoGroupsOfTheSameRanks) {
  run_rank_threads({GetParam()}, [](RankContext& rank) {
    std::vector<int> all;
    for (int other = 0; other < rank.topology.world_size(); ++other) all.push_back(other);
    RankContext copy{rank.rank, rank.topology, rank.health, rank.transport->split(all)};
    Hammer first(rank);
    Hammer second(copy);
    std::thread other([&] {
      for (int i = 0; i < 50; ++i) second.call_once();
    });
    for (int i = 0; i < 50; ++i) first.call_once();
    other.join();
  });
}

TEST(NodeGroup, WaitsEndWhenTheWorldFails) {
  run_rank_threads({2}, [](RankContext& rank) {
    NodeGroup group(*rank.transport, rank.topology, rank.health);
    if (rank.rank == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      rank.health.report(std::make_exception_ptr(PeerLost("rank 7 is gone")));
      return;
    }
    const auto start = Clock::now();
    EXPECT_THROW_SAYING(group.sync(soon()), PeerLost, "rank 7 is gone");
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  });
}

}  // namespace
}  // namespace skein
