#include "trainer/parallel/reduce_sums.h"

#include <gtest/gtest.h>

#include "collectives/objects.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

TEST(ReduceSums, AddsUpOverRanksAndHosts) {
  run_ranks({2, 1}, [](Communicator& communicator) {
    const int rank = communicator.rank();
    std::vector<double> numbers = {1.5 * rank, 1};
    reduce_sums(communicator, numbers, "numbers");
    EXPECT_EQ(numbers, (std::vector<double>{4.5, 3}));
    std::vector<std::int64_t> counts = {(std::int64_t{1} << 53) + rank};
    reduce_sums(communicator, counts, "counts");
    EXPECT_EQ(counts[0], 3 * (std::int64_t{1} << 53) + 3);
  });
}

TEST(GatherTexts, OfAnyLength) {
  run_ranks({2, 1}, [](Communicator& communicator) {
    const std::vector<std::string> all = allgather_objects(communicator, std::string(communicator.rank() * 100, 'x'));
    EXPECT_EQ(all, (std::vector<std::string>{"", std::string(100, 'x'), std::string(200, 'x')}));
  });
}

}  // namespace
}  // namespace skein
