#include "trainer/options/train_options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "trainer/data/augment/augmentation.h"
#include "trainer/options/augment_options.h"

namespace skein {
namespace {

TrainOptions parsed(std::vector<std::string> words) {
  words.insert(words.begin(), {"--data-path", "d"});
  TrainOptions options;
  OptionTable table = make_train_option_table(options);
  table.parse(words);
  settle_train_options(table, options);
  check_train_options(options, table);
  return options;
}

void refused(const std::vector<std::string>& words, const std::string& complaint) {
  EXPECT_ERROR(UsageError, complaint, parsed(words));
}

TEST(TrainOptions, TorchvisionSpellingsAndDefaults) {
  const TrainOptions defaults = parsed({});
  EXPECT_EQ(defaults.lr, 0.1);
  EXPECT_EQ(defaults.epochs, 90);
  EXPECT_EQ(defaults.batch_size, 32);
  EXPECT_EQ(defaults.weight_decay, 1e-4);
  EXPECT_TRUE(defaults.channels_last);
  const TrainOptions given =
      parsed({"-b", "8", "--wd", "0", "--num_epochs", "3", "--output_dir", "o", "-j", "0", "--lr-steps", "3,7",
              "--lr-scheduler", "multisteplr", "--amp", "bf16", "--no-channels-last"});
  EXPECT_EQ(given.batch_size, 8);
  EXPECT_EQ(given.weight_decay, 0);
  EXPECT_EQ(given.epochs, 3);
  EXPECT_EQ(given.output_dir, "o");
  EXPECT_EQ(given.workers, 0);
  EXPECT_EQ(given.lr_milestones, (std::vector<int>{3, 7}));
  EXPECT_EQ(given.amp, "bf16");
  EXPECT_FALSE(given.channels_last);
}

TEST(TrainOptions, Contradictions) {
  EXPECT_THROW(parsed({"--nesterov", "--momentum", "0"}), UsageError);
  EXPECT_THROW(parsed({"--epochs", "3", "--lr-warmup-epochs", "3"}), UsageError);
  EXPECT_THROW(parsed({"--lr-scheduler", "multisteplr"}), UsageError);
  EXPECT_THROW(parsed({"--train-crop-scale", "0.5"}), UsageError);
  EXPECT_THROW(parsed({"--train-crop-scale", "0.9,0.5"}), UsageError);
  EXPECT_THROW(parsed({"--train-crop-scale", "0.5,1.5"}), UsageError);
  EXPECT_THROW(parsed({"--train-crop-scale", "0,1"}), UsageError);
  EXPECT_THROW(parsed({"--batch-size", "1", "--train-crop-size", "32"}), UsageError);
  EXPECT_NO_THROW(parsed({"--batch-size", "1", "--train-crop-size", "32", "--freeze-norm"}));
}

TEST(TrainOptions, FlagsWithoutEffectAreRefused) {
  refused({"--test-only"}, "--test-only needs --weights");
  refused({"--lr-milestones", "3"}, "--lr-milestones has no effect with --lr-scheduler steplr");
  refused({"--lr-min", "0.1"}, "--lr-min has no effect with --lr-scheduler steplr");
  refused({"--lr-scheduler", "cosineannealinglr", "--lr-step-size", "3"}, "--lr-step-size has no effect");
  refused({"--lr-scheduler", "cosineannealinglr", "--lr-gamma", "0.5"}, "--lr-gamma has no effect");
  refused({"--lr-warmup-method", "linear"}, "--lr-warmup-method has no effect with --lr-warmup-epochs 0");
  refused({"--lr-warmup-decay", "0.5"}, "--lr-warmup-decay has no effect");
  refused({"--opt-betas", "0.8,0.9"}, "--opt-betas has no effect with --opt sgd");
  refused({"--model-ema-steps", "3"}, "--model-ema-steps has no effect with no --model-ema");
  refused({"--powersgd-rank", "3"}, "--powersgd-rank has no effect with --compression none");
  refused({"--topk-ratio", "0.3", "--compression", "bf16"}, "--topk-ratio has no effect with --compression bf16");
  refused({"--compression-start", "3", "--compression", "fp16"}, "--compression-start has no effect with --compression fp16");
  refused({"--sync-bn", "--freeze-norm"}, "--sync-bn shares the statistics");
  refused({"--opt", "adamw", "--momentum", "0.5"}, "--momentum has no effect with --opt adamw");
  refused({"--max-requeues", "3"}, "--max-requeues has no effect with --on-signal stop");
  refused({"--ra-magnitude", "3"}, "--ra-magnitude has no effect with --auto-augment none");
  refused({"--ra-num-ops", "3", "--auto-augment", "ta_wide"}, "--ra-num-ops has no effect with --auto-augment ta_wide");
  refused({"--augmix-severity", "1", "--auto-augment", "ra"}, "--augmix-severity has no effect with --auto-augment ra");
  refused({"--random-erase-value", "random"}, "--random-erase-value has no effect with --random-erase 0");
  refused({"--auto-augment", "randaugment"}, "--auto-augment");
  refused({"--ra-magnitude", "31", "--auto-augment", "ra"}, "--ra-magnitude");
  refused({"--augmix-severity", "0", "--auto-augment", "augmix"}, "--augmix-severity");
  refused({"--rotation", "200"}, "--rotation");
  refused({"--momentum", "1"}, "--momentum: 1.0 is out of range: it must be from 0 to below 1");
  refused({"--weights", "/proc/self/exe", "--resume", "x"}, "--weights and --resume PATH");
  EXPECT_NO_THROW(parsed({"--weights", "/proc/self/exe", "--resume", "auto"})) << "begins with them, goes on without";
  EXPECT_NO_THROW(parsed({"--lr-min", "0"})) << "the default, as the options of a run fed back give it";
  EXPECT_NO_THROW(parsed({"--lr-warmup-method", "linear", "--lr-warmup-epochs", "2"}));
}

AugmentOptions augmented(const std::vector<std::string>& words) {
  return augment_options(parsed(words));
}

TEST(AugmentOptions, AreOffByDefault) {
  const Augmentation augmentation(augmented({}));
  EXPECT_TRUE(augmentation.is_identity());
  EXPECT_FALSE(augmentation.erases());
}

TEST(AugmentOptions, EachFlagArrives) {
  EXPECT_EQ(augmented({"--vflip-prob", "0.3"}).vertical_flip_probability, 0.3);
  EXPECT_EQ(augmented({"--rotation", "15"}).max_rotation, 15);
  EXPECT_EQ(augmented({"--grayscale-prob", "0.2"}).grayscale_probability, 0.2);
  const std::vector<std::pair<const char*, AutoAugmentPolicy>> policies{
      {"none", AutoAugmentPolicy::kNone},      {"ra", AutoAugmentPolicy::kRandAugment},
      {"ta_wide", AutoAugmentPolicy::kTrivialAugmentWide}, {"augmix", AutoAugmentPolicy::kAugMix},
      {"imagenet", AutoAugmentPolicy::kImageNet}, {"cifar10", AutoAugmentPolicy::kCifar10}, {"svhn", AutoAugmentPolicy::kSvhn}};
  for (const auto& [name, policy] : policies) EXPECT_EQ(augmented({"--auto-augment", name}).policy, policy) << name;
  const AugmentOptions rand = augmented({"--auto-augment", "ra", "--ra-magnitude", "7", "--ra-num-ops", "3"});
  EXPECT_EQ(rand.rand_augment.magnitude, 7);
  EXPECT_EQ(rand.rand_augment.num_ops, 3);
  EXPECT_EQ(augmented({"--auto-augment", "augmix", "--augmix-severity", "5"}).aug_mix.severity, 5);
}

TEST(AugmentOptions, GeometricOnesTakeTheInterpolation) {
  const auto interpolation = [](std::vector<std::string> words) { return augmented(words).geometry.interpolation; };
  EXPECT_EQ(interpolation({}), Interpolation::kBilinear);
  EXPECT_EQ(interpolation({"--interpolation", "nearest", "--auto-augment", "ra"}), Interpolation::kNearest);
  EXPECT_EQ(interpolation({"--interpolation", "bicubic", "--rotation", "3"}), Interpolation::kBicubic);
  EXPECT_NO_THROW(parsed({"--interpolation", "lanczos", "--color-jitter", "0.4"}));
  EXPECT_ERROR(UsageError, "--interpolation lanczos can resize pictures but not turn", parsed({"--interpolation", "lanczos", "--rotation", "3"}));
  EXPECT_ERROR(UsageError, "--interpolation box can resize", parsed({"--interpolation", "box", "--auto-augment", "augmix"}));
}

TEST(AugmentOptions, JitterIsOneValueOrThreeOrFour) {
  const ColorJitterOptions all = augmented({"--color-jitter", "0.4,0.3,0.2,0.1"}).color_jitter;
  EXPECT_EQ((std::vector<double>{all.brightness, all.contrast, all.saturation, all.hue}),
            (std::vector<double>{0.4, 0.3, 0.2, 0.1}));
  const ColorJitterOptions one = augmented({"--color-jitter", "0.4"}).color_jitter;
  EXPECT_EQ((std::vector<double>{one.brightness, one.contrast, one.saturation, one.hue}),
            (std::vector<double>{0.4, 0.4, 0.4, 0}));
  EXPECT_EQ(augmented({"--color-jitter", "0.4,0.3,0.2"}).color_jitter.hue, 0);
  EXPECT_ERROR(UsageError, "--color-jitter takes one value", parsed({"--color-jitter", "0.4,0.3"}));
  EXPECT_ERROR(UsageError, "--color-jitter: 0.6 of the circle", parsed({"--color-jitter", "0.4,0.3,0.2,0.6"}));
  EXPECT_ERROR(UsageError, "--color-jitter: ", parsed({"--color-jitter=-0.1"}));
}

TEST(AugmentOptions, WhatIsErasedIsFilledWithOneValueOrThreeOrRandomOnes) {
  const auto erasing = [](const std::string& value) {
    return augmented({"--random-erase", "0.1", "--random-erase-value", value}).random_erasing;
  };
  EXPECT_EQ(augmented({"--random-erase", "0.1"}).random_erasing.probability, 0.1);
  EXPECT_TRUE(erasing("random").random_values);
  EXPECT_FALSE(erasing("0.5").random_values);
  EXPECT_EQ(erasing("0.5").value, (std::array<float, 3>{0.5f, 0.5f, 0.5f}));
  EXPECT_EQ(erasing("1,2.5,3").value, (std::array<float, 3>{1, 2.5f, 3}));
  EXPECT_ERROR(UsageError, "--random-erase-value has 2 values", erasing("1,2"));
  EXPECT_ERROR(UsageError, "--random-erase-value: 'noise' is no number", erasing("noise"));
  EXPECT_ERROR(UsageError, "--random-erase-value: 'nan' is no number", erasing("nan"));
}

TEST(TrainOptions, ScheduleFlagsWithoutEffectAreRefused) {
  refused({"--lr-scheduler", "polynomiallr", "--lr-gamma", "0.5"}, "--lr-gamma has no effect with --lr-scheduler polynomiallr");
  refused({"--lr-power", "2"}, "--lr-power has no effect with --lr-scheduler steplr");
  for (const std::vector<std::string>& flag : std::vector<std::vector<std::string>>{
           {"--lr-pct-start", "0.2"}, {"--lr-div-factor", "2"}, {"--lr-final-div-factor", "2"}, {"--lr-anneal", "linear"},
           {"--lr-cycle-momentum", "0.8,0.9"}})
    refused(flag, flag[0] + " has no effect with --lr-scheduler steplr");
  refused({"--lr-scheduler", "onecyclelr", "--lr-warmup-epochs", "2"}, "--lr-warmup-epochs has no effect with --lr-scheduler onecyclelr");
  refused({"--lr-scheduler", "onecyclelr", "--lr-per-step"}, "--lr-per-step has no effect with --lr-scheduler onecyclelr");
  refused({"--lr-per-step"}, "--lr-per-step has no effect with --lr-scheduler steplr");
  refused({"--lr-per-step", "--lr-warmup-epochs", "2"}, "--lr-per-step has no effect with --lr-scheduler steplr");
  EXPECT_TRUE(parsed({"--sched-on-updates", "--lr-warmup-epochs", "2", "--lr-warmup-method", "linear"}).lr_per_step);
  refused({"--lr-scheduler", "onecyclelr", "--lr-cycle-momentum", "0.8"}, "--lr-cycle-momentum takes two numbers");
  refused({"--lr-scheduler", "onecyclelr", "--lr-cycle-momentum", "0.9,0.8"}, "--lr-cycle-momentum takes two numbers");
  refused({"--lr-scheduler", "onecyclelr", "--lr-cycle-momentum", "0,0"}, "--lr-cycle-momentum takes two numbers");
  refused({"--lr-scheduler", "onecyclelr", "--lr-cycle-momentum", "0.8,0.9", "--momentum", "0.5"},
          "--momentum has no effect with --lr-cycle-momentum 0.8,0.9");
  refused({"--lr-scheduler", "onecyclelr", "--lr-div-factor", "0.5"}, "--lr-div-factor: 0.5 is too small");
  refused({"--lr-scheduler", "polynomiallr", "--lr-power", "0"}, "--lr-power: 0.0 is too small");
}

TEST(TrainOptions, FlagsOfBatchesAndGroupsWithoutEffectAreRefused) {
  refused({"--batch-size", "8", "--global-batch-size", "64"}, "--batch-size has no effect with --global-batch-size 64");
  refused({"--max-batch-size", "8"}, "--max-batch-size has no effect with --global-batch-size 0");
  refused({"--max-batch-size", "8", "--global-batch-size", "64", "--accumulate", "2"}, "--accumulate has no effect with --max-batch-size 8");
  refused({"--max-batch-size", "128", "--global-batch-size", "64"}, "--max-batch-size 128 is more than --global-batch-size 64");
  refused({"--lr-base-batch-size", "64"}, "--lr-base-batch-size has no effect with --lr-scaling none");
  refused({"--zero-init-residual", "--weights", "/proc/self/exe"}, "--zero-init-residual has no effect with --weights /proc/self/exe");
  refused({"--early-stopping-metric", "val/loss"}, "--early-stopping-metric has no effect with --early-stopping 0");
  refused({"--early-stopping-delta", "1"}, "--early-stopping-delta has no effect with --early-stopping 0");
  refused({"--freeze", "layer1"}, "--freeze without --weights");
  refused({"--freeze", "backbone", "--weights", "/proc/self/exe", "--sync-bn"}, "--freeze backbone leaves none to take");
  refused({"--head-lr", "0"}, "--head-lr: 0.0 is too small");
  refused({"--norm-weight-decay", "-1"}, "--norm-weight-decay: -1.0 is too small");
  EXPECT_EQ(parsed({"--freeze", "conv1,layer1", "--weights", "/proc/self/exe"}).freeze, (std::vector<std::string>{"conv1", "layer1"}));
  EXPECT_FALSE(parsed({}).norm_weight_decay.has_value());
}

class ConfigFile : public ::testing::Test {
 protected:
  std::string with(const std::string& text) const {
    std::ofstream(folder_.path() / "train.yaml") << text;
    return folder_.path() / "train.yaml";
  }

 private:
  TemporaryDirectory folder_;
};

TEST_F(ConfigFile, GivesWhatAFlagMayTakeTheEffectOf) {
  const std::string file = with("compression: powersgd\npowersgd_rank: 8\n");
  EXPECT_EQ(parsed({"--config", file}).powersgd_rank, 8);
  EXPECT_EQ(parsed({"--config", file, "--compression", "none"}).compression, "none");
  EXPECT_THROW(parsed({"--config", file, "--compression", "none", "--topk-ratio", "0.2"}), UsageError);
  const std::string contradiction = with("compression: none\npowersgd_rank: 8\n");
  EXPECT_ERROR(ConfigError, contradiction + ":2:16: powersgd_rank has no effect with --compression none",
               parsed({"--config", contradiction}));
}

TEST_F(ConfigFile, MayBeTheParametersOfARun) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"--recipe", "transfer-tutorial", "--lr-scheduler", "cosineannealinglr", "--batch-size", "8"},
           {"--recipe", "fashion-mnist", "--lr-scheduler", "onecyclelr"}, {"--opt", "lamb", "--run-id", "x", "--lr-scheduler", "cosineannealinglr", "--timeline", "t.json"}}) {
    TrainOptions options;
    OptionTable table = make_train_option_table(options);
    std::vector<std::string> all{"--data-path", "d"};
    all.insert(all.end(), words.begin(), words.end());
    table.parse(all);
    settle_train_options(table, options);
    const nlohmann::json before = table.values();
    TrainOptions again;
    OptionTable other = make_train_option_table(again);
    other.parse({"--config", with(before.dump())});
    check_train_options(again, other);
    EXPECT_EQ(other.values(), before);
  }
}

TEST_F(ConfigFile, IsOverriddenByFlags) {
  const std::string file = with("weights: /proc/self/exe\nnesterov: true\nresume: auto\n");
  EXPECT_EQ(parsed({"--config", file, "--resume", "somewhere"}).resume, "somewhere") << "of a run that began with weights";
  EXPECT_EQ(parsed({"--config", file, "--opt", "adamw"}).opt, "adamw");
  EXPECT_EQ(parsed({"--config", file, "--resume", ""}).resume, "");
  EXPECT_THROW(parsed({"--resume", ""}), UsageError);
}

TEST(TrainOptions, ATimelineNeedsAPlace) {
  EXPECT_ERROR(UsageError, "the timeline /tmp is a folder", parsed({"--timeline", "/tmp"}));
  EXPECT_ERROR(UsageError, "/proc/self/exe, which is no folder", parsed({"--timeline", "/proc/self/exe/t.json"}));
  EXPECT_NO_THROW(parsed({"--timeline", "not_yet/there/t.json"})) << "is made when it is written";
}

TEST(TrainOptions, RanksMayDifferInWhatDoesNotChangeTheModel) {
  const auto compared = [](const std::vector<std::string>& words) {
    TrainOptions options;
    OptionTable table = make_train_option_table(options);
    table.parse(words);
    return table.compared_values();
  };
  const auto plain = compared({"--data-path", "d"});
  EXPECT_EQ(plain, compared({"--data-path", "d", "--print-freq", "3", "--progress", "none", "--workers", "7",
                             "--threads", "2", "--log-level", "debug"}));
  EXPECT_NE(plain, compared({"--data-path", "d", "--seed", "3"}));
}

}  // namespace
}  // namespace skein
