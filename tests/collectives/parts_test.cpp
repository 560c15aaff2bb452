// The small parts: what a call says of itself, what backends can do, how work is divided.

#include <gtest/gtest.h>

#include <set>

#include "collectives/call.h"
#include "collectives/capabilities.h"
#include "collectives/node_operations.h"

namespace skein {
namespace {

Call sample_call() {
  Call call;
  call.sequence = 12;
  call.operation = Operation::kAllreduce;
  call.dtype = DType::kFloat32;
  call.reduce_op = ReduceOp::kAverage;
  call.count = 1024;
  call.name = "layer3.0.conv1.weight";
  return call;
}

TEST(Call, DescribesItself) {
  Call call = sample_call();
  EXPECT_EQ(call.describe(), "allreduce #12 'layer3.0.conv1.weight' float32 x 1024, average");
  call.operation = Operation::kBroadcast;
  call.root = 3;
  EXPECT_EQ(call.describe(), "broadcast #12 'layer3.0.conv1.weight' float32 x 1024, root 3");
  const std::vector<std::size_t> counts = {1000, 24};
  call.operation = Operation::kGather;
  call.block_counts = counts;
  EXPECT_EQ(call.describe(), "gather #12 'layer3.0.conv1.weight' float32 x 1024 in blocks of 1000, 24, root 3");
  call.operation = Operation::kReduce;
  call.block_counts = {};
  call.scales = {0.5, 2};
  EXPECT_EQ(call.describe(),
            "reduce #12 'layer3.0.conv1.weight' float32 x 1024, average, scaled by 0.5 before and 2 after, root 3");
  call.operation = Operation::kAlltoall;
  call.scales = {};
  call.pairwise_counts = true;
  EXPECT_EQ(call.describe(), "alltoall #12 'layer3.0.conv1.weight' float32 in blocks of different lengths");
  call.operation = Operation::kBarrier;
  call.name = {};
  EXPECT_EQ(call.describe(), "barrier #12");
}

TEST(Call, DigestTellsEveryDifference) {
  std::set<std::uint64_t> digests{sample_call().digest()};
  const auto add = [&](auto change) {
    Call call = sample_call();
    change(call);
    EXPECT_TRUE(digests.insert(call.digest()).second) << call.describe();
  };
  add([](Call& c) { c.sequence = 13; });
  add([](Call& c) { c.operation = Operation::kReduceScatter; });
  add([](Call& c) { c.dtype = DType::kInt32; });
  add([](Call& c) { c.reduce_op = ReduceOp::kSum; });
  add([](Call& c) { c.root = 1; });
  add([](Call& c) { c.count = 1025; });
  add([](Call& c) { c.scales.pre = 0.5; });
  add([](Call& c) { c.scales.post = 0.5; });
  add([](Call& c) { c.pairwise_counts = true; });
  const std::vector<std::size_t> counts = {512, 512};
  add([&](Call& c) { c.block_counts = counts; });
  const std::vector<std::size_t> others = {500, 524};
  add([&](Call& c) { c.block_counts = others; });
  add([](Call& c) { c.name = "layer3.0.conv2.weight"; });
  add([](Call& c) { c.name = "layer3.0.conv1.weigh"; });
  add([](Call& c) { c.name = ""; });
  const std::string copy(sample_call().name);
  Call same = sample_call();
  same.name = copy;
  EXPECT_EQ(same.digest(), sample_call().digest());
}

TEST(Capabilities, NameWhatIsMissing) {
  const auto why = [](Backend backend, DType dtype, ReduceOp op) {
    return why_unsupported(backend, Operation::kAllreduce, dtype, op);
  };
  EXPECT_EQ(why(Backend::kHost, DType::kBFloat16, ReduceOp::kAverage), "");
  EXPECT_NE(why(Backend::kHost, DType::kInt64, ReduceOp::kAverage).find("int64"), std::string::npos);
  EXPECT_NE(why(Backend::kNccl, DType::kUInt16, ReduceOp::kSum).find("uint16"), std::string::npos);
  EXPECT_NE(why(Backend::kHost, DType::kInt32, ReduceOp::kAdasum).find("Adasum of int32"), std::string::npos);
  EXPECT_NE(why(Backend::kNccl, DType::kFloat32, ReduceOp::kAdasum).find("NCCL"), std::string::npos);
  EXPECT_NE(why_unsupported(Backend::kHost, Operation::kReduce, DType::kFloat32, ReduceOp::kAdasum), "");
  EXPECT_EQ(why_unsupported(Backend::kHost, Operation::kAllgather, DType::kInt8, ReduceOp::kAverage), "");
}

TEST(CacheAlignedPart, PartsCoverEverythingOnceAndBeginAtCacheLines) {
  for (DType dtype : {DType::kUInt8, DType::kFloat16, DType::kFloat32, DType::kFloat64})
    for (int num_parts : {1, 2, 3, 7, 16})
      for (std::size_t count : {0, 1, 15, 16, 17, 64, 1000, 100003}) {
        std::size_t begin = 0;
        for (int i = 0; i < num_parts; ++i) {
          const Range part = cache_aligned_part(count, dtype, num_parts, i);
          ASSERT_EQ(part.begin, begin);
          ASSERT_TRUE(part.begin * dtype_bytes(dtype) % 64 == 0 || part.begin == count);
          begin = part.end();
        }
        ASSERT_EQ(begin, count);
      }
}

}  // namespace
}  // namespace skein
