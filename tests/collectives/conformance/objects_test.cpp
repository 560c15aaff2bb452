// Objects of any length, and many small buffers at once.

#include "collectives/objects.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Objects);

std::string object_of(int rank) {
  return rank == 1 ? "" : concat("{\"rank\": ", rank, "}", std::string(rank * 20000, 'x'), std::string(1, '\0'));
}

TEST_P(Objects, OfAnyLengthReachEveryRankOrRoot) {
  on_each_rank([](Communicator& communicator) {
    const int n = communicator.world_size();
    std::vector<std::string> all;
    for (int rank = 0; rank < n; ++rank) all.push_back(object_of(rank));
    const std::string& mine = all[communicator.rank()];
    EXPECT_EQ(allgather_objects(communicator, mine), all);
    for (int root = 0; root < n; ++root) {
      EXPECT_EQ(broadcast_object(communicator, mine, root), all[root]);
      EXPECT_EQ(gather_objects(communicator, mine, root),
                communicator.rank() == root ? all : std::vector<std::string>{});
    }
  });
}

TEST_P(Objects, AGroupOfBuffersIsReducedAsOne) {
  on_each_rank([](Communicator& communicator) {
    struct Part {
      DType dtype;
      std::size_t count;
    };
    const std::vector<Part> parts = {{DType::kFloat32, 3},  {DType::kFloat16, 5}, {DType::kFloat32, 0},
                                     {DType::kFloat32, 40}, {DType::kFloat64, 1}, {DType::kFloat16, 20001}};
    std::vector<std::vector<double>> memory;
    std::vector<Buffer> buffers;
    for (const Part& part : parts) {
      memory.emplace_back(part.count + 1);
      buffers.push_back({memory.back().data(), part.count, part.dtype});
      contribution(part.dtype, ReduceOp::kAverage, communicator.rank(), communicator.world_size())
          .write(buffers.back());
    }
    communicator.allreduce(buffers, ReduceOp::kAverage, "group");
    for (const Buffer& buffer : buffers)
      EXPECT_TRUE(reduction(buffer.dtype, ReduceOp::kAverage, communicator.world_size()).found_in(buffer));
    communicator.allreduce(std::vector<Buffer>{});
  });
}

}  // namespace
}  // namespace skein
