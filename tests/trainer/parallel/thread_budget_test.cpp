#include "trainer/parallel/thread_budget.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/process/error.h"

namespace skein {
namespace {

CoreShare share(int allowed, int sharing, int host = 64, int local = 2) {
  return {allowed, sharing, host, local};
}

TEST(ThreadBudget, CoresAreDividedAmongTheRanksThatShareThem) {
  EXPECT_EQ(plan_threads(share(8, 2), {}).intra_op_threads, 4);
  EXPECT_EQ(plan_threads(share(8, 1), {}).intra_op_threads, 8);
  EXPECT_EQ(plan_threads(share(2, 3), {}).intra_op_threads, 1);
}

TEST(ThreadBudget, WorkersBeyondTheFirstTakeTheirCores) {
  EXPECT_EQ(plan_threads(share(8, 1), {.workers = 3}).intra_op_threads, 6);
  EXPECT_EQ(plan_threads(share(8, 1), {.workers = 0}).intra_op_threads, 8);
  EXPECT_EQ(plan_threads(share(2, 1), {.workers = 9}).intra_op_threads, 1);
  const ThreadBudget many = plan_threads(share(32, 1), {});
  EXPECT_EQ(many.workers, 4);
  EXPECT_EQ(many.intra_op_threads, 29);
  EXPECT_EQ(plan_threads(share(256, 1), {}).workers, 8);
}

TEST(ThreadBudget, WishesAreGranted) {
  const ThreadBudget budget = plan_threads(share(2, 2), {.workers = 5, .intra_op_threads = 7});
  EXPECT_EQ(budget.workers, 5);
  EXPECT_EQ(budget.intra_op_threads, 7);
}

TEST(ThreadBudget, OnlyOverlappingRanksShare) {
  const std::vector<std::vector<int>> bound = {{0, 1}, {2, 3}, {0, 1, 2, 3}};
  EXPECT_EQ(share_cores(bound, 0, 4).num_sharing_ranks, 2);
  EXPECT_EQ(share_cores(bound, 2, 4).num_sharing_ranks, 3);
  EXPECT_EQ(share_cores({{0}, {1}}, 1, 8).num_sharing_ranks, 1);
  EXPECT_EQ(share_cores({{0}, {1}}, 1, 8).num_local_ranks, 2);
}

TEST(BindingWarning, OnlyWhereThereAreCoresToSpare) {
  const ThreadBudget budget{.workers = 1, .intra_op_threads = 1};
  const std::string text = binding_warning(share(1, 1, 8, 2), budget);
  EXPECT_NE(text.find("--bind-to none"), std::string::npos) << text;
  EXPECT_NE(text.find("slot:PE=4"), std::string::npos) << text;
  EXPECT_EQ(binding_warning(share(1, 1, 2, 2), budget), "");
  EXPECT_EQ(binding_warning(share(4, 1, 8, 2), budget), "");
  EXPECT_EQ(binding_warning(share(1, 1, 8, 2), {.workers = 0, .intra_op_threads = 1}), "");
}

TEST(ThreadBudget, AllowedCoresAreSome) {
  EXPECT_GE(allowed_cores().size(), 1u);
  EXPECT_GE(num_host_cores(), 1);
}

class OmpNumThreads : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("OMP_NUM_THREADS"); }
};

TEST_F(OmpNumThreads, IsReadOrRefused) {
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(omp_num_threads(), std::nullopt);
  setenv("OMP_NUM_THREADS", "3", 1);
  EXPECT_EQ(omp_num_threads(), 3);
  setenv("OMP_NUM_THREADS", "4,2", 1);
  EXPECT_EQ(omp_num_threads(), 4);
  for (const char* bad : {"0", "many", "2x", "-1"}) {
    setenv("OMP_NUM_THREADS", bad, 1);
    EXPECT_THROW(omp_num_threads(), ConfigError) << bad;
  }
}

}  // namespace
}  // namespace skein
