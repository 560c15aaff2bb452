#include "trainer/parallel/parameter_sync.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "runtime/process/error.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

TEST(GatherTexts, AnyLengthFromEveryRank) {
  run_ranks({2, 1}, [](Communicator& comm) {
    const auto text = [](int rank) { return std::string(static_cast<std::size_t>(rank) * 40000, 'a' + rank); };
    const auto all = allgather_objects(comm, text(comm.rank()));
    ASSERT_EQ(all.size(), 3u);
    for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(all[rank], text(rank));
  });
}

TEST(CheckIdenticalValues, NamesTheTensorThatDiffers) {
  run_ranks({2}, [](Communicator& comm) {
    const NamedTensor same{"same", test::values({5}, 1)};
    check_identical_values(comm, {same});
    const NamedTensor different{"different", test::values({5}, comm.rank())};
    try {
      check_identical_values(comm, {same, different});
      ADD_FAILURE() << "the difference went unnoticed";
    } catch (const MismatchError& error) {
      EXPECT_NE(std::string(error.what()).find("different"), std::string::npos);
    }
  });
}

TEST(CheckSameTensors, NoticesMemoryFormats) {
  run_ranks({2}, [](Communicator& comm) {
    auto tensor = test::values({2, 3, 4, 5}, 1);
    if (comm.rank() == 1) tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
    EXPECT_THROW(check_same_tensors(comm, {{"weight", tensor}}, "parameters"), MismatchError);
  });
}

TEST(AsBuffer, RefusesTensorsWithGaps) {
  EXPECT_THROW(as_buffer(torch::zeros({4, 4}).slice(1, 0, 2)), UsageError);
  EXPECT_THROW(as_buffer(torch::zeros({4}).expand({3, 4})), UsageError);
  EXPECT_THROW(as_buffer(torch::zeros({4}, torch::kComplexFloat)), UsageError);
  EXPECT_EQ(as_buffer(torch::zeros({2, 3, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast)).count, 96u);
  EXPECT_EQ(as_buffer(torch::zeros({3, 5}).t()).count, 15u);
}

}  // namespace
}  // namespace skein
