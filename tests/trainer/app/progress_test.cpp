#include "trainer/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "runtime/process/error.h"

namespace skein {
namespace {

const StepProgress kHalfWay{.epoch = 1,
                            .num_epochs = 4,
                            .step = 10,
                            .num_steps = 20,
                            .loss = 0.69314,
                            .accuracy = 52.08,
                            .images_per_second = 85.27,
                            .seconds_left = 754};

TEST(ProgressText, Durations) {
  EXPECT_EQ(clock_text(6.6), "0:07");
  EXPECT_EQ(clock_text(754), "12:34");
  EXPECT_EQ(clock_text(11045), "3:04:05");
  EXPECT_EQ(clock_text(-1), "0:00");
}

TEST(ProgressText, Lines) {
  EXPECT_EQ(step_line(kHalfWay), "epoch 2/4  step 10/20  loss 0.6931  acc 52.1 %  85.3 images/s  left 12:34");
  EXPECT_EQ(bar_line(kHalfWay), "2/4 [#####.....] 10/20  loss 0.6931  acc 52.1 %  85.3 images/s  left 12:34");
}

TEST(ProgressText, TheBarFitsIntoATerminal) {
  StepProgress large = kHalfWay;
  large.epoch = large.num_epochs = 123456;
  large.loss = 1e12;
  large.images_per_second = 1e9;
  EXPECT_LE(bar_line(large).size(), 79u);
}

std::string shown(ProgressStyle style) {
  std::ostringstream out;
  Progress progress(out, style, 4);
  for (int step = 1; step <= 10; ++step) {
    StepProgress now = kHalfWay;
    now.step = step;
    now.num_steps = 10;
    progress.step(now);
  }
  progress.epoch_done({});
  return out.str();
}

TEST(Progress, PlainLinesEveryFewStepsAndAtTheEnd) {
  const std::string text = shown(ProgressStyle::kPlain);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);  // steps 4, 8, 10 and the epoch
  EXPECT_NE(text.find("step 8/10"), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, TheBarIsRedrawnAndWipedAway) {
  const std::string text = shown(ProgressStyle::kBar);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);  // the epoch
  EXPECT_NE(text.find("\r2/4 [##########] 10/10"), std::string::npos);
  EXPECT_NE(text.find(" \repoch 1/1"), std::string::npos);
}

TEST(Progress, NothingWhereNothingIsWanted) {
  EXPECT_EQ(shown(ProgressStyle::kNone), "");
}

TEST(ProgressStyle, ByName) {
  EXPECT_EQ(choose_progress_style("bar", -1), ProgressStyle::kBar);
  EXPECT_EQ(choose_progress_style("none", -1), ProgressStyle::kNone);
  EXPECT_EQ(choose_progress_style("auto", -1), ProgressStyle::kPlain);
  EXPECT_THROW(choose_progress_style("fancy", -1), UsageError);
}

}  // namespace
}  // namespace skein
