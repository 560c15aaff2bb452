#include "trainer/batch_plan.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

TrainOptions of_all_ranks(int images, int limit = 0, int accumulate = 1) {
  TrainOptions options;
  options.global_batch_size = images;
  options.max_batch_size = limit;
  options.accumulate = accumulate;
  return options;
}

std::vector<int> numbers(const BatchPlan& plan) {
  return {plan.batch_size, plan.accumulate, static_cast<int>(plan.images_per_step)};
}

TEST(BatchPlan, IsWhatWasAskedForWithoutAGlobalSize) {
  TrainOptions options;
  options.batch_size = 8;
  options.accumulate = 3;
  EXPECT_EQ(numbers(plan_batches(options, 4)), (std::vector<int>{8, 3, 96}));
  EXPECT_EQ(describe_batches(options, plan_batches(options, 4), 4), "");
}

TEST(BatchPlan, DividesAmongRanksAndBatches) {
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(256), 1)), (std::vector<int>{256, 1, 256}));
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(256), 4)), (std::vector<int>{64, 1, 256}));
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(256, 0, 2), 4)), (std::vector<int>{32, 2, 256}));
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(8192, 32), 256)), (std::vector<int>{32, 1, 8192}));
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(8192, 32), 2)), (std::vector<int>{32, 128, 8192}));
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(180, 32), 2)), (std::vector<int>{30, 3, 180})) << "the fewest equal batches";
  EXPECT_EQ(numbers(plan_batches(of_all_ranks(8, 1), 2)), (std::vector<int>{1, 4, 8}));
}

TEST(BatchPlan, SaysWhatCanBeDivided) {
  EXPECT_ERROR(UsageError, "--global-batch-size 100 cannot be shared evenly by 3 ranks", plan_batches(of_all_ranks(100), 3));
  EXPECT_ERROR(UsageError, "give 99 or 102, or start 2 ranks", plan_batches(of_all_ranks(100), 3));
  EXPECT_ERROR(UsageError, "by 4 ranks times --accumulate 3", plan_batches(of_all_ranks(64, 0, 3), 4));
  EXPECT_ERROR(UsageError, "give 60 or 72", plan_batches(of_all_ranks(64, 0, 3), 4));
  EXPECT_ERROR(UsageError, "give 8, or start 4 ranks", plan_batches(of_all_ranks(4), 8));
  EXPECT_ERROR(UsageError, "gives each rank 31 images, which make no equal batches of 2 to --max-batch-size 16",
               plan_batches(of_all_ranks(62, 16), 2));
}

TEST(BatchPlan, KeepsBatchNormFromSingleValues) {
  TrainOptions options = of_all_ranks(4);
  EXPECT_NO_THROW(plan_batches(options, 4));
  options.train_crop_size = 32;
  EXPECT_NO_THROW(plan_batches(options, 2));
  EXPECT_ERROR(UsageError, "one image a rank with --train-crop-size 32", plan_batches(options, 4));
  options.freeze = {"backbone"};
  EXPECT_NO_THROW(plan_batches(options, 4));
}

TEST(BatchPlan, ScalesTheRates) {
  TrainOptions options = of_all_ranks(1024);
  options.head_lr = 1;
  EXPECT_EQ(plan_batches(options, 2).lr_factor, 1);
  options.lr_scaling = "linear";
  const TrainOptions planned = with_plan(options, plan_batches(options, 2));
  EXPECT_DOUBLE_EQ(planned.lr, 0.4);
  EXPECT_DOUBLE_EQ(planned.head_lr.value(), 4);
  EXPECT_EQ(planned.batch_size, 512);
  options.lr_scaling = "sqrt";
  EXPECT_DOUBLE_EQ(with_plan(options, plan_batches(options, 2)).lr, 0.2);
  options.lr_base_batch_size = 1024;
  EXPECT_EQ(plan_batches(options, 2).lr_factor, 1);
  options.global_batch_size = 0;  // then 32 a rank
  options.lr_base_batch_size = 256;
  options.lr_scaling = "linear";
  EXPECT_DOUBLE_EQ(plan_batches(options, 2).lr_factor, 0.25);
}

TEST(BatchPlan, SaysWhatItHasDone) {
  TrainOptions options = of_all_ranks(1024, 64);
  options.lr_scaling = "linear";
  const BatchPlan plan = plan_batches(options, 2);
  EXPECT_EQ(describe_batches(options, plan, 2), "1024 images a step: 2 ranks take 8 batches of 64 each");
  EXPECT_EQ(describe_batches(of_all_ranks(256), plan_batches(of_all_ranks(256), 1), 1), "256 images a step: 1 rank takes 256");
  EXPECT_EQ(describe_rate(options, plan), "lr 0.1 for 256 images a step -> 0.4 for 1024, linear rule (Goyal et al. 2017)");
  options.lr_scaling = "sqrt";
  EXPECT_EQ(describe_rate(options, plan_batches(options, 2)), "lr 0.1 for 256 images a step -> 0.2 for 1024, square-root rule");
  options.lr_scaling = "none";
  EXPECT_EQ(describe_rate(options, plan_batches(options, 2)), "");
}

TEST(BatchPlan, WarnsWhereAnEpochHasFewSteps) {
  TrainOptions options = of_all_ranks(512);
  options.lr_scaling = "linear";
  const BatchPlan plan = plan_batches(options, 2);
  EXPECT_EQ(few_steps_warning(options, plan, 512 * 49 + 1), "") << "50 steps";
  const std::string warning = few_steps_warning(options, plan, 512 * 7);
  EXPECT_NE(warning.find("an epoch has only 7 steps"), std::string::npos) << warning;
  EXPECT_NE(warning.find("its rate of 0.2 is probably too high: try lr 0.1 with --lr-scaling none"), std::string::npos) << warning;
  EXPECT_EQ(few_steps_warning(of_all_ranks(512), plan, 512), "") << "nothing is scaled";
  options.lr_base_batch_size = 512;
  EXPECT_EQ(few_steps_warning(options, plan_batches(options, 2), 512), "") << "nor raised";
}

}  // namespace
}  // namespace skein
