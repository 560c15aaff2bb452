// Trainings whose loss is not finite.

#include "tests/support/run_mpi.h"
#include "tests/trainer/app/trainer_run.h"

namespace skein {
namespace {

class Nonfinite : public TrainerTest {
 protected:
  /// After the first step the weights are as good as infinite.
  std::vector<std::string> exploding(const std::string& id, const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"--epochs", "1", "--lr", "1e30"};
    all.insert(all.end(), more.begin(), more.end());
    return flags(id, all);
  }
};

TEST_F(Nonfinite, TheTrainingEndsAndNamesStepAndRanks) {
  write_image_folder(data(), 2, 12, 4);
  EXPECT_TRUE(refused(train(2, exploding("stop", {})), 1,
                      {"the loss is not finite at step 2 (epoch 1, images 9 and on)", "on rank 0", "on rank 1", "--nonfinite skip"}));
  EXPECT_EQ(record("stop").at("state"), "Failed");
}

TEST_F(Nonfinite, OrTheStepIsLeftOutAndCounted) {
  write_image_folder(data(), 2, 12, 4);
  const CapturedRun whole = train(2, exploding("skip", {"--nonfinite", "skip"}));
  ASSERT_TRUE(succeeded(whole));
  EXPECT_NE(whole.standard_error.find("step 2 is left out: the loss is"), std::string::npos) << whole.standard_error;
  EXPECT_EQ(last("skip", "train/skipped_steps"), 2);  // of three
  EXPECT_EQ(record("skip").at("state"), "Completed");
}

}  // namespace
}  // namespace skein
