// The executor: schedules on real memory, in segments of any length, and what happens when a transfer goes
// wrong.

#include "collectives/execute.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "collectives/algorithms.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/support/faulty_transport.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

constexpr std::size_t kCount = 1003;

std::vector<int> identity(int world_size) {
  std::vector<int> peers(world_size);
  std::iota(peers.begin(), peers.end(), 0);
  return peers;
}

std::vector<std::int32_t> contribution_of(int rank) {
  std::vector<std::int32_t> values(kCount);
  for (std::size_t i = 0; i < kCount; ++i) values[i] = static_cast<std::int32_t>(1000 * rank + i);
  return values;
}

/// Sums `values` over all ranks by ring, in segments of `segment_bytes`.
void sum(Transport& transport, std::vector<std::int32_t>& values, std::size_t segment_bytes, Deadline deadline) {
  const auto schedule = ring_allreduce(transport.rank(), split_evenly(values.size(), transport.world_size()));
  execute(transport, schedule, identity(transport.world_size()),
          {reinterpret_cast<std::byte*>(values.data()), DType::kInt32, ReduceOp::kSum},
          {.tag = 7, .segment_bytes = segment_bytes}, deadline);
}

Deadline soon() {
  return Deadline::after(std::chrono::seconds(20));
}

void expect_sums(const std::vector<std::int32_t>& values, int world_size) {
  for (std::size_t i = 0; i < kCount; ++i)
    ASSERT_EQ(values[i], static_cast<std::int32_t>(world_size * i + 500 * world_size * (world_size - 1)));
}

TEST(Execute, SegmentsOfAnyLengthGiveTheSameResult) {
  for (std::size_t segment_bytes : {1, 4, 12, 64, 100, 1004, 1 << 20})
    run_rank_threads({5}, [&](RankContext& rank) {
      auto values = contribution_of(rank.rank);
      sum(*rank.transport, values, segment_bytes, soon());
      expect_sums(values, 5);
    });
}

TEST(Execute, RanksOfTheScheduleMayBeAnyOfTheTransport) {
  run_rank_threads({4}, [&](RankContext& rank) {
    if (rank.rank == 2) return;
    const std::vector<int> peers{3, 0, 1};
    const int position = static_cast<int>(std::find(peers.begin(), peers.end(), rank.rank) - peers.begin());
    std::int64_t value = 1 << rank.rank;
    execute(*rank.transport, recursive_doubling_allreduce(position, 3, 1), peers,
            {reinterpret_cast<std::byte*>(&value), DType::kInt64, ReduceOp::kSum}, {}, soon());
    ASSERT_EQ(value, 0b1011);
  });
}

TEST(Execute, CombinesInTheOrderOfRanks) {
  run_rank_threads({4}, [&](RankContext& rank) {
    // 1 + (-1) cancels first only in rank order: ((a0 + a1) + (a2 + a3)).
    const float contributions[] = {1e8f, -1e8f, 0.25f, 0.5f};
    float value = contributions[rank.rank];
    execute(*rank.transport, recursive_doubling_allreduce(rank.rank, 4, 1), identity(4),
            {reinterpret_cast<std::byte*>(&value), DType::kFloat32, ReduceOp::kSum}, {}, soon());
    ASSERT_EQ(value, 0.75f);
  });
}

/// Runs a sum of two ranks in which rank 0's transfers suffer `fault`; what rank 0 throws comes out, or else what rank 1
/// throws: a send that goes wrong may harm its receiver alone.
void run_with_fault(const Fault& fault, Deadline deadline = soon()) {
  std::array<std::exception_ptr, 2> thrown;
  run_rank_threads({2}, [&](RankContext& rank) {
    auto values = contribution_of(rank.rank);
    if (rank.rank == 0) rank.transport = make_faulty(std::move(rank.transport), fault);
    try {
      sum(*rank.transport, values, 100, deadline);
    } catch (const Error&) {
      thrown[rank.rank] = std::current_exception();
      rank.health.report(std::current_exception());  // the other rank need not wait for its deadline
      return;
    }
    expect_sums(values, 2);
  });
  for (const std::exception_ptr& failure : thrown)
    if (failure) std::rethrow_exception(failure);
}

/// The algorithms of an allreduce among `world_size` ranks.
std::vector<Schedule> allreduces(int rank, int world_size, std::size_t count) {
  const auto chunks = split_evenly(count, world_size);
  return {ring_allreduce(rank, chunks), halving_doubling_allreduce(rank, chunks),
          recursive_doubling_allreduce(rank, world_size, count)};
}

TEST(Execute, TravelsInAShorterTypeWithTheSameBitsEverywhere) {
  constexpr int kWorldSize = 4;
  for (std::size_t algorithm : {0, 1, 2}) {
    std::vector<std::vector<float>> results(kWorldSize, std::vector<float>(kCount));
    run_rank_threads({kWorldSize}, [&](RankContext& rank) {
      std::vector<float>& values = results[rank.rank];
      for (std::size_t i = 0; i < kCount; ++i) values[i] = 1.0f + static_cast<float>(i * (rank.rank + 1)) / 997;
      Elements elements{reinterpret_cast<std::byte*>(values.data()), DType::kFloat32, ReduceOp::kSum};
      elements.wire_dtype = DType::kBFloat16;
      execute(*rank.transport, allreduces(rank.rank, kWorldSize, kCount)[algorithm], identity(kWorldSize), elements,
              {.tag = 7, .segment_bytes = 100}, soon());
    });
    for (int rank = 1; rank < kWorldSize; ++rank) ASSERT_EQ(results[rank], results[0]) << "algorithm " << algorithm;
    for (std::size_t i = 0; i < kCount; ++i) {
      const float exact = 4.0f + static_cast<float>(i * 10) / 997;
      ASSERT_NEAR(results[0][i], exact, exact * kWorldSize / 256) << i;  // one rounding of 2^-9 a hop, and the result's
    }
  }
}

TEST(Execute, PreparesCompletesAndPublishesEveryElement) {
  for (const int world_size : {2, 3, 4})
    for (std::size_t algorithm : {0, 1}) {
      run_rank_threads({world_size}, [&](RankContext& rank) {
        std::vector<std::int32_t> values(kCount, -1);
        std::vector<int> prepared(kCount), completed(kCount), published(kCount);
        const auto count = [](std::vector<int>& times, const Range& range) {
          for (std::size_t i = range.begin; i < range.end(); ++i) ++times[i];
        };
        Elements elements{reinterpret_cast<std::byte*>(values.data()), DType::kInt32, ReduceOp::kSum};
        elements.prepare = [&](const Range& range) {
          for (std::size_t i = range.begin; i < range.end(); ++i)
            if (prepared[i]++ == 0) values[i] = rank.rank + 1;
        };
        elements.complete = [&](const Range& range) {
          count(completed, range);
          for (std::size_t i = range.begin; i < range.end(); ++i) values[i] *= 2;
        };
        elements.publish = [&](const Range& range) { count(published, range); };
        execute(*rank.transport, allreduces(rank.rank, world_size, kCount)[algorithm], identity(world_size), elements,
                {.tag = 7, .segment_bytes = 100}, soon());
        const Range own = split_evenly(kCount, world_size)[rank.rank];
        for (std::size_t i = 0; i < kCount; ++i) {
          ASSERT_EQ(values[i], world_size * (world_size + 1));
          ASSERT_EQ(completed[i], i >= own.begin && i < own.end() ? 1 : 0);
          ASSERT_EQ(published[i], 1);
        }
      });
    }
}

TEST(Execute, PassesOnWhatATransferThrows) {
  for (int nth : {0, 1, 5, 40}) {
    EXPECT_THROW(run_with_fault({.kind = Fault::Kind::kFail, .nth = nth}), PeerLost) << nth;
    EXPECT_THROW(run_with_fault({.kind = Fault::Kind::kTruncate, .nth = nth}), Error) << nth;
  }
}

TEST(Execute, SlowTransfersChangeNothing) {
  for (int nth : {0, 1, 2, 3})
    run_with_fault({.kind = Fault::Kind::kDelay, .nth = nth, .delay = std::chrono::milliseconds(50)});
}

TEST(Execute, EndsAtItsDeadline) {
  const auto start = Clock::now();
  EXPECT_THROW(run_with_fault({.kind = Fault::Kind::kDelay, .nth = 3, .delay = std::chrono::seconds(15)},
                              Deadline::after(std::chrono::milliseconds(200))),
               TimeoutError);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace skein
