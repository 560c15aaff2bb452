// Adasum against its definition.

#include <cmath>

#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Adasum);

using Vector = std::vector<double>;

double element(int rank, std::size_t i) {
  return std::sin(0.7 * rank + 0.31 * static_cast<double>(i)) + (i % 7 == 0 ? rank : 0);
}

double tolerance(DType dtype) {
  return dtype == DType::kFloat64 ? 1e-12 : dtype == DType::kFloat32 ? 1e-5 : dtype == DType::kFloat16 ? 4e-3 : 3e-2;
}

TEST_P(Adasum, EqualsItsDefinition) {
  on_each_rank([](Communicator& communicator) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16})
      for (const std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{1000}, std::size_t{30011}}) {
        std::vector<Vector> vectors(communicator.world_size(), Vector(count));
        std::vector<double> memory(count);
        for (int rank = 0; rank < communicator.world_size(); ++rank)
          for (std::size_t i = 0; i < count; ++i) {
            store_element(dtype, memory.data(), i, element(rank, i));
            vectors[rank][i] = load_element(dtype, memory.data(), i);
          }
        const Vector expected = adasum_of(vectors);
        for (std::size_t i = 0; i < count; ++i) store_element(dtype, memory.data(), i, vectors[communicator.rank()][i]);
        const Buffer buffer{memory.data(), count, dtype};
        communicator.allreduce(buffer, ReduceOp::kAdasum, "gradient");
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_NEAR(load_element(dtype, memory.data(), i), expected[i],
                      tolerance(dtype) * (1 + std::abs(expected[i])))
              << dtype_name(dtype) << " element " << i << " of " << count;
        ASSERT_TRUE(equal_on_all_ranks(communicator, buffer));
      }
  });
}

TEST_P(Adasum, AveragesWhatIsParallelAndAddsWhatIsOrthogonal) {
  on_each_rank([](Communicator& communicator) {
    const auto n = static_cast<std::size_t>(communicator.world_size());
    std::vector<float> same(100, 3.0F);
    std::vector<float> own(n, 0.0F);
    own[communicator.rank()] = 2.0F;
    communicator.allreduce({same.data(), same.size(), DType::kFloat32}, ReduceOp::kAdasum);
    communicator.allreduce({own.data(), n, DType::kFloat32}, ReduceOp::kAdasum);
    EXPECT_EQ(same, std::vector<float>(100, 3.0F));
    EXPECT_EQ(own, std::vector<float>(n, 2.0F));
    std::vector<float> zeros(10, 0.0F);
    communicator.allreduce({zeros.data(), zeros.size(), DType::kFloat32}, ReduceOp::kAdasum);
    EXPECT_EQ(zeros, std::vector<float>(10, 0.0F));
  });
}

TEST_P(Adasum, OfAGroupTakesEveryBufferAsAVectorOfItsOwn) {
  on_each_rank([](Communicator& communicator) {
    const auto n = static_cast<std::size_t>(communicator.world_size());
    std::vector<float> parallel(4, 1.0F);
    std::vector<float> orthogonal(n, 0.0F);
    orthogonal[communicator.rank()] = 1.0F;
    const std::vector<Buffer> group = {{parallel.data(), 4, DType::kFloat32}, {orthogonal.data(), n, DType::kFloat32}};
    communicator.allreduce(group, ReduceOp::kAdasum);
    EXPECT_EQ(parallel, std::vector<float>(4, 1.0F));
    EXPECT_EQ(orthogonal, std::vector<float>(n, 1.0F));
  });
}

}  // namespace
}  // namespace skein
