// Where the pieces of the stages lie, and what is written there.

#include "collectives/stages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

namespace skein {
namespace {

bool overlap(const std::byte* a, const std::byte* b, std::size_t num_bytes) {
  return a < b + num_bytes && b < a + num_bytes;
}

TEST(Stages, NeitherLeaveTheRingNorOverlapFromChunkToChunk) {
  constexpr int kRanks = 3;
  std::vector<std::byte> memory(Stages::num_bytes(kRanks));
  Stages stages(memory.data(), kRanks, StageWriter::Stores::kMeasured);
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> any_bytes(1, Stages::kPieceBytes);
  for (int call = 0; call < 2000; ++call) {
    const std::size_t num_bytes = call % 5 == 0 ? Stages::kPieceBytes : any_bytes(random) >> random() % 12;
    const std::size_t num_chunks = 1 + random() % 7;
    stages.begin_call(num_bytes);
    for (std::size_t chunk = 0; chunk < num_chunks; ++chunk) {
      for (int rank = 0; rank <= kRanks; ++rank) {
        const std::byte* const piece = stages.piece(rank, chunk);
        ASSERT_GE(piece, memory.data() + rank * Stages::kRingBytes);
        ASSERT_LE(piece + num_bytes, memory.data() + (rank + 1) * Stages::kRingBytes);
        ASSERT_FALSE(overlap(piece, stages.piece(rank, chunk + 1), num_bytes)) << num_bytes << ", chunk " << chunk;
      }
      ASSERT_EQ(stages.shared_piece(chunk), stages.piece(kRanks, chunk));
    }
    stages.end_call(num_chunks);
  }
}

TEST(Stages, SmallCallsGoRoundTheRing) {
  std::vector<std::byte> memory(Stages::num_bytes(1));
  Stages stages(memory.data(), 1, StageWriter::Stores::kMeasured);
  constexpr std::size_t kBytes = 65536;
  std::vector<std::byte*> pieces;
  for (std::size_t call = 0; call < Stages::kRingBytes / kBytes; ++call) {
    stages.begin_call(kBytes);
    pieces.push_back(stages.piece(0, 0));
    stages.end_call(1);
  }
  std::sort(pieces.begin(), pieces.end());
  EXPECT_EQ(std::adjacent_find(pieces.begin(), pieces.end()), pieces.end()) << "a piece was used twice in one round";
}

class StageStores : public testing::TestWithParam<StageWriter::Stores> {};

TEST_P(StageStores, CopyWhatIsThere) {
  StageWriter writer(GetParam());
  std::vector<std::byte> from(70000);
  std::mt19937 random(2);
  for (std::byte& byte : from) byte = static_cast<std::byte>(random());
  for (const std::size_t num_bytes : {0, 1, 63, 64, 4095, 4096, 8191, 16384, 16387, 65536, 69000})
    for (const std::size_t offset : {0, 1, 64, 100})
      for (int repeat = 0; repeat < 17; ++repeat) {  // one of them is measured
        std::vector<std::byte> stage(num_bytes + 256);
        writer.copy(stage.data() + offset, from.data() + 3, num_bytes);
        ASSERT_TRUE(std::equal(from.begin() + 3, from.begin() + 3 + num_bytes, stage.begin() + offset));
        const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
        ASSERT_TRUE(std::all_of(stage.begin(), stage.begin() + offset, is_zero));
        ASSERT_TRUE(std::all_of(stage.begin() + offset + num_bytes, stage.end(), is_zero));
      }
}

TEST_P(StageStores, ReduceIntoEitherOrBoth) {
  StageWriter writer(GetParam());
  for (const std::size_t count : {1, 1000, 4096, 50001}) {
    std::vector<float> a(count);
    std::iota(a.begin(), a.end(), 0.0F);
    const std::vector<float> b(count, 0.5F);
    std::vector<float> expected(count);
    for (std::size_t i = 0; i < count; ++i) expected[i] = 2 * (a[i] + b[i]);
    for (const bool has_output : {true, false})
      for (const bool has_stage : {true, false}) {
        std::vector<float> output = a;  // in place
        std::vector<float> stage(count);
        const std::array<const void*, 2> sources{has_output ? output.data() : a.data(), b.data()};
        writer.reduce(has_output ? reinterpret_cast<std::byte*>(output.data()) : nullptr,
                      has_stage ? reinterpret_cast<std::byte*>(stage.data()) : nullptr, sources, count,
                      DType::kFloat32, ReduceOp::kSum, {1, 2});
        EXPECT_EQ(output, has_output ? expected : a);
        EXPECT_EQ(stage, has_stage ? expected : std::vector<float>(count));
      }
  }
}

INSTANTIATE_TEST_SUITE_P(All, StageStores,
                         testing::Values(StageWriter::Stores::kMeasured, StageWriter::Stores::kCached,
                                         StageWriter::Stores::kStreamed));

}  // namespace
}  // namespace skein
