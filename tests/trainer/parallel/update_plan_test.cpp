// Every element has one owner, slices end at blocks, and a parameter is cut the same way wherever it lies.

#include "trainer/parallel/update_plan.h"

#include <gtest/gtest.h>

#include <map>

namespace skein {
namespace {

constexpr std::int64_t kLineElements = 16;

std::vector<PlacedParameter> place(const std::vector<std::int64_t>& counts) {
  std::vector<PlacedParameter> placed;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    placed.push_back({i, offset, counts[i]});
    offset += (counts[i] + kLineElements - 1) / kLineElements * kLineElements;
  }
  return placed;
}

std::int64_t end_of(const std::vector<PlacedParameter>& placed) {
  return (placed.back().offset + placed.back().count + kLineElements - 1) / kLineElements * kLineElements;
}

void expect_whole_plan(const std::vector<std::int64_t>& counts, int num_owners, std::int64_t slice_elements) {
  const auto placed = place(counts);
  std::map<std::pair<std::size_t, std::int64_t>, int> owners_of_block;
  std::int64_t num_owned = 0;
  for (int owner = 0; owner < num_owners; ++owner) {
    std::int64_t next = 0;
    for (const PlannedChunk& chunk : plan_update(placed, end_of(placed), num_owners, owner, slice_elements)) {
      EXPECT_EQ(chunk.begin, next) << "chunks follow one another";
      EXPECT_GT(chunk.count(), 0);
      next += chunk.count();
      const auto own_end = chunk.own_begin + static_cast<std::int64_t>(chunk.slice_counts[owner]);
      for (const PlannedBlock& block : chunk.blocks) {
        EXPECT_EQ(block.begin % kBlockElements, 0);
        EXPECT_EQ(block.offset, placed[block.parameter].offset + block.begin);
        EXPECT_EQ(block.count, std::min(kBlockElements, counts[block.parameter] - block.begin));
        EXPECT_GE(block.offset, chunk.own_begin);
        EXPECT_LE(block.offset + block.count, own_end);
        ++owners_of_block[{block.parameter, block.begin}];
        num_owned += block.count;
      }
    }
    EXPECT_EQ(next, end_of(placed));
  }
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  EXPECT_EQ(num_owned, total);
  for (const auto& [block, times] : owners_of_block) EXPECT_EQ(times, 1);
}

TEST(UpdatePlan, GivesEveryElementOneOwner) {
  const std::vector<std::vector<std::int64_t>> cases{{1}, {4096}, {4097, 3}, {5, 100000, 7, 12288, 1, 1}, {1000000}};
  for (const auto& counts : cases)
    for (const int num_owners : {1, 2, 3, 8, 64})
      for (const std::int64_t slice_elements : {std::int64_t{1}, std::int64_t{4096}, std::int64_t{131072}, std::int64_t{1} << 40})
        expect_whole_plan(counts, num_owners, slice_elements);
}

TEST(UpdatePlan, SharesEvenly) {
  const auto placed = place({3000000, 64, 64});
  for (int owner = 0; owner < 4; ++owner)
    for (const PlannedChunk& chunk : plan_update(placed, end_of(placed), 4, owner, 131072))
      for (const std::size_t count : chunk.slice_counts)
        EXPECT_NEAR(static_cast<double>(count), static_cast<double>(chunk.count()) / 4, 2 * kBlockElements);
}

}  // namespace
}  // namespace skein
