#include "collectives/slices.h"

#include <gtest/gtest.h>

#include "collectives/workload.h"
#include "tests/collectives/placed.h"

namespace skein {
namespace {

const std::vector<std::vector<int>> kPlacements = {
    {0, 1}, {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 0, 1}, {0, 1, 0, 0}, {0, 1, 1, 2}, {0, 1, 1, 0, 2},
    {0, 1, 2, 0, 1, 2, 0, 1}};

std::vector<std::vector<std::size_t>> block_counts(std::size_t num_ranks) {
  std::vector<std::size_t> uneven(num_ranks), some_empty(num_ranks, 1000), only_last(num_ranks);
  for (std::size_t rank = 0; rank < num_ranks; ++rank) uneven[rank] = 37 * rank + 1;
  some_empty.front() = 0;
  only_last.back() = 500;
  return {std::vector<std::size_t>(num_ranks, 100), uneven, some_empty, only_last, std::vector<std::size_t>(num_ranks)};
}

/// Every element of `slice` is one of a rank of the host whose part it lies in; counts how often each occurs.
void expect_parts_hold_their_hosts(const BlockSlice& slice, const Topology& topology,
                                   std::vector<std::vector<int>>& occurs) {
  std::size_t end = 0;
  for (int host = 0; host < topology.num_hosts(); ++host) {
    const Range part = slice.parts()[host];
    ASSERT_EQ(part.begin, end);
    slice.for_each_piece(part, [&](const BlockSlice::Piece& piece) {
      ASSERT_EQ(topology.members[piece.rank].host, host);
      ASSERT_EQ(piece.begin, end);
      end += piece.in_block.count;
      for (std::size_t i = piece.in_block.begin; i < piece.in_block.end(); ++i) ++occurs[piece.rank][i];
    });
    ASSERT_EQ(end, part.end());
  }
  ASSERT_EQ(slice.count(), end);
}

TEST(BlockSlice, AllSlicesTogetherHoldEachElementOnce) {
  for (const std::vector<int>& hosts : kPlacements) {
    const Topology topology = placed(hosts);
    for (const std::vector<std::size_t>& counts : block_counts(hosts.size())) {
      std::vector<std::vector<int>> occurs;
      for (const std::size_t count : counts) occurs.emplace_back(count);
      for (int number = 0; number < topology.max_local_size(); ++number)
        expect_parts_hold_their_hosts(BlockSlice(topology, counts, 4, number), topology, occurs);
      for (std::size_t rank = 0; rank < counts.size(); ++rank)
        EXPECT_EQ(occurs[rank], std::vector<int>(counts[rank], 1)) << "rank " << rank;
    }
  }
}

TEST(BlockSlice, ARangeIsCutWhereBlocksEnd) {
  const BlockSlice slice(placed({0, 1, 0, 1}), std::vector<std::size_t>{10, 20, 300, 400}, 4, 0);
  EXPECT_EQ(slice.parts(), (std::vector<Range>{{0, 160}, {160, 208}}));
  std::vector<std::pair<int, Range>> pieces;
  const auto note = [&](const BlockSlice::Piece& piece) { pieces.emplace_back(piece.rank, piece.in_block); };
  slice.for_each_piece({5, 160}, note);
  EXPECT_EQ(pieces, (std::vector<std::pair<int, Range>>{{0, {5, 5}}, {2, {0, 150}}, {1, {0, 5}}}));
  slice.for_each_piece({7, 0}, [](const BlockSlice::Piece&) { FAIL() << "nothing lies in an empty range"; });
}

TEST(SliceDrivers, AreOneRankOfEachHost) {
  const Topology topology = placed({0, 1, 0, 0});
  EXPECT_EQ(slice_drivers(topology, 0), (std::vector{0, 1}));
  EXPECT_EQ(slice_drivers(topology, 1), (std::vector{2, 1}));
  EXPECT_EQ(slice_drivers(topology, 2), (std::vector{3, 1}));
}

/// Bytes that leave each host, by host, when `operation` takes the ring.
std::vector<std::size_t> bytes_out(Operation operation, std::size_t num_bytes, const Topology& topology) {
  const Workload workload = data_workload({operation, num_bytes, topology}, Algorithm::kRing);
  const std::vector<int> host_of = hosts_of(topology);
  std::vector<std::size_t> out(topology.num_hosts());
  for (int rank = 0; rank < topology.world_size(); ++rank)
    for (const WorkPart& part : workload[rank])
      for (const Step& step : part.schedule)
        if (step.send_to != kNobody && host_of[step.send_to] != host_of[rank])
          out[host_of[rank]] += step.send.count * part.element_bytes;
  return out;
}

TEST(Slices, NoMoreCrossesALinkThanMust) {
  constexpr std::size_t kBytes = 96000;
  for (const Operation operation : {Operation::kReduceScatter, Operation::kAllgather}) {
    for (const std::vector<int>& hosts : {std::vector{0, 1}, {0, 0, 1, 1}, {0, 1, 0, 1}})
      EXPECT_EQ(bytes_out(operation, kBytes, placed(hosts)), (std::vector<std::size_t>{kBytes / 2, kBytes / 2}));
    EXPECT_EQ(bytes_out(operation, kBytes, placed({0, 1, 2, 0, 1, 2})), std::vector<std::size_t>(3, kBytes / 3 * 2));
  }
  // What three ranks give one, and it gives them.
  EXPECT_EQ(bytes_out(Operation::kAllgather, kBytes, placed({0, 1, 0, 0})),
            (std::vector<std::size_t>{kBytes / 4 * 3, kBytes / 4}));
}

}  // namespace
}  // namespace skein
