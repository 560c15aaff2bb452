// The recipes that come with the trainer, and how they are found.

#include "trainer/options/recipe.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "trainer/batch_plan.h"
#include "trainer/options/train_options.h"

namespace skein {
namespace {

/// The options of a recipe of recipes/, and what `more` says.
TrainOptions cooked(const std::string& name, const std::vector<std::string>& more = {}) {
  TrainOptions options;
  OptionTable table = make_train_option_table(options);
  std::vector<std::string> words = {"--data-path", "d", "--recipe", name};
  words.insert(words.end(), more.begin(), more.end());
  table.parse(words);
  settle_train_options(table, options);
  check_train_options(options, table);
  return options;
}

std::vector<std::string> shipped() {
  std::vector<std::string> names;
  for (const Recipe& recipe : list_recipes(recipe_folder())) names.push_back(recipe.name);
  return names;
}

TEST(ShippedRecipes, AreFoundBesideTheProgram) {
  EXPECT_EQ(shipped(), (std::vector<std::string>{"fashion-mnist", "goyal-large-batch", "imagenet-resnet50-v1", "imagenet-resnet50-v2",
                                                 "transfer-tutorial"}));
}

TEST(ShippedRecipes, AreAcceptedAndSayWhereTheyComeFrom) {
  for (const Recipe& recipe : list_recipes(recipe_folder())) {
    EXPECT_NO_THROW(cooked(recipe.name)) << recipe.name;
    EXPECT_FALSE(recipe.title.empty()) << recipe.name;
    EXPECT_FALSE(recipe.source.empty()) << recipe.name;
  }
}

TEST(ShippedRecipes, AreThePublishedOnes) {
  const TrainOptions first = cooked("imagenet-resnet50-v1");
  EXPECT_EQ(first.model, "resnet50");
  EXPECT_EQ(plan_batches(first, 8).batch_size, 32);
  EXPECT_EQ(first.lr, 0.1);
  EXPECT_EQ(first.epochs, 90);
  const TrainOptions second = cooked("imagenet-resnet50-v2");
  EXPECT_EQ(plan_batches(second, 8).batch_size, 128);
  EXPECT_EQ(second.norm_weight_decay, 0);
  EXPECT_EQ(second.val_resize_size, 232);
  EXPECT_EQ(second.auto_augment, "ta_wide");
  EXPECT_EQ(second.random_erase, 0.1);
  EXPECT_EQ(second.cutmix_alpha, 1);
  EXPECT_EQ(second.ra_reps, 4);
  const TrainOptions goyal = cooked("goyal-large-batch");
  const BatchPlan plan = plan_batches(goyal, 256);
  EXPECT_EQ(plan.batch_size, 32);
  EXPECT_DOUBLE_EQ(with_plan(goyal, plan).lr, 3.2);
  EXPECT_TRUE(goyal.zero_init_residual);
  const TrainOptions tutorial = cooked("transfer-tutorial");
  EXPECT_EQ(plan_batches(tutorial, 1).batch_size, 4);
  EXPECT_EQ(tutorial.lr, 0.001);
  EXPECT_EQ(tutorial.weight_decay, 0);
}

TEST(ShippedRecipes, GiveWayToFlagsThatDefeatTheirs) {
  EXPECT_EQ(cooked("transfer-tutorial", {"--lr-scheduler", "cosineannealinglr"}).lr_step_size, 30) << "the default, since it does not count";
  EXPECT_EQ(cooked("transfer-tutorial", {"--batch-size", "8"}).global_batch_size, 0);
  const TrainOptions limited = cooked("goyal-large-batch", {"--batch-size", "32"});
  EXPECT_EQ(limited.global_batch_size, 0) << "also where that is the default";
  EXPECT_EQ(limited.max_batch_size, 0);
  EXPECT_EQ(cooked("goyal-large-batch", {"--accumulate", "4"}).max_batch_size, 0);
  EXPECT_EQ(cooked("goyal-large-batch", {"--lr-scheduler", "onecyclelr"}).lr_warmup_epochs, 0);
  EXPECT_EQ(cooked("goyal-large-batch", {"--weights", "/proc/self/exe"}).zero_init_residual, false);
  EXPECT_THROW(cooked("goyal-large-batch", {"--lr-scheduler", "onecyclelr", "--lr-gamma", "0.2"}), UsageError);
}

TEST(RecipeFiles, AreGivenByPathOrByName) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "mine.yaml";
  std::ofstream(file) << "# My own\n# Source: a notebook\n# Published:   never\n# more\nlr: 3\n# Source: not of the header\n";
  std::ofstream(folder.path() / "README.md") << "# no recipe\n";
  const std::vector<Recipe> recipes = list_recipes(folder.path());
  ASSERT_EQ(recipes.size(), 1u);
  EXPECT_EQ(recipes[0].name, "mine");
  EXPECT_EQ(recipes[0].title, "My own");
  EXPECT_EQ(recipes[0].source, "a notebook");
  EXPECT_EQ(recipes[0].published, "never");
  EXPECT_EQ(find_recipe("mine", folder.path()), file);
  EXPECT_EQ(find_recipe(file, "/nowhere"), file);
  EXPECT_NE(describe_recipes(folder.path()).find("\nmine\n  My own\n  Source: a notebook\n  Published: never\n"), std::string::npos);
  EXPECT_ERROR(UsageError, "--recipe mime: there is no such recipe, only mine; did you mean 'mine'?", find_recipe("mime", folder.path()));
  EXPECT_ERROR(UsageError, "--recipe mime.yaml: there is no such file", find_recipe("mime.yaml", folder.path()));
  EXPECT_ERROR(UsageError, "there are no recipes in /nowhere", find_recipe("mine", "/nowhere"));
  EXPECT_NE(describe_recipes("/nowhere").find("no recipes in /nowhere"), std::string::npos);
}

}  // namespace
}  // namespace skein
