// What a training says of where its time went and of its parameters, and to TensorBoard.

#include <numeric>

#include "runtime/run/timing_log.h"
#include "tests/trainer/app/trainer_run.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class Reporting : public TrainerTest {
 protected:
  std::string events(const std::string& id) const {
    for (const auto& entry : fs::directory_iterator(run_directory(id)))
      if (entry.path().filename().string().starts_with("events.out.tfevents.")) return file_contents(entry.path());
    return "";
  }
};

TEST_F(Reporting, EveryRanksPhasesAddUpToTheWallTime) {
  write_image_folder(data(), 2, 13, 9);
  ASSERT_TRUE(succeeded(train(2, flags("timed"))));
  const auto epochs = read_timing_log(run_directory("timed") / "timing.jsonl").epochs;
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[1].step, 8);
  EXPECT_EQ(epochs[1].num_steps, 4);
  EXPECT_EQ(epochs[1].num_ranks(), 2u);
  EXPECT_EQ(epochs[1].phases.size(), 8u);
  for (std::size_t rank = 0; rank < 2; ++rank) {
    double sum = 0;
    for (const PhaseSeconds& phase : epochs[1].phases) {
      EXPECT_GE(phase.by_rank[rank], 0) << phase.phase;
      sum += phase.by_rank[rank];
      const bool takes_time = phase.phase == "compute" || phase.phase == "evaluation" || phase.phase == "optimizer";
      EXPECT_TRUE(phase.by_rank[rank] > 0 || !takes_time) << phase.phase;
    }
    EXPECT_NEAR(sum, epochs[1].time - epochs[0].time, 0.1 * sum + 0.02) << "rank " << rank;
  }
}

TEST_F(Reporting, WhatIsNotAsByDefaultIsRecordedWithItsOrigin) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(flags("changed", {"--epochs", "1"}))));
  const auto changed = record("changed").at("changed_parameters");
  EXPECT_EQ(changed.at("lr").at("default"), 0.1);
  EXPECT_EQ(changed.at("lr").at("origin"), "command line");
  EXPECT_FALSE(changed.contains("momentum"));
}

TEST_F(Reporting, TensorBoardGetsPicturesAndParametersUnlessItIsNotWanted) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train(2, flags("shown", {"--epochs", "1"}))));
  const std::string shown = events("shown");
  for (const char* part : {"train/images", "\x89PNG", "_hparams_/session_start_info", "_hparams_/session_end_info", "val/accuracy"})
    EXPECT_NE(shown.find(part), std::string::npos) << part;
  ASSERT_TRUE(succeeded(train(2, flags("hidden", {"--epochs", "1", "--no-tensorboard"}))));
  EXPECT_EQ(events("hidden"), "");
}

}  // namespace
}  // namespace skein
