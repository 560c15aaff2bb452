// Options from a recipe, below a configuration file and flags.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/runtime/options/sample_options.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

class Recipes : public ::testing::Test {
 protected:
  /// Every recipe is a file of the test's folder.
  void SetUp() override {
    sample_.table.accept_recipes({[this](const std::string& name) { return path(name); }, [] { return "all recipes\n"; }, "recipes"});
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / (name + ".yaml"); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  SampleOptions parse(const std::vector<std::string>& words) {
    sample_.parse(words);
    return sample_.options;
  }

  Sample sample_;

 private:
  TemporaryDirectory folder_;
};

TEST_F(Recipes, GiveWayToFilesAndFlags) {
  const std::string recipe = write("fast", "lr: 0.5\nepochs: 7\nbatch_size: 8\n");
  const std::string config = write("config", "lr: 0.25\nepochs: 90\n");
  const SampleOptions options = parse({"--lr", "2", "--recipe", "fast", "--config", config});
  EXPECT_EQ(options.lr, 2);
  EXPECT_EQ(options.epochs, 90) << "the file's, though it is the default";
  EXPECT_EQ(options.batch_size, 8);
  EXPECT_EQ(sample_.table.layer("lr"), OptionLayer::kCommandLine);
  EXPECT_EQ(sample_.table.layer("epochs"), OptionLayer::kConfigFile);
  EXPECT_EQ(sample_.table.layer("batch_size"), OptionLayer::kRecipe);
  EXPECT_EQ(sample_.table.layer("seed"), OptionLayer::kDefault);
  EXPECT_EQ(sample_.table.origin("batch_size"), recipe + ":3:13");
  EXPECT_EQ(sample_.table.recipe_file(), recipe);
}

TEST_F(Recipes, AreNamedInAFileToo) {
  write("fast", "lr: 0.5\nepochs: 7\n");
  write("slow", "lr: 0.1\nepochs: 70\n");
  const std::string config = write("config", "recipe: fast\nepochs: 8\n");
  EXPECT_EQ(parse({"--config", config}).lr, 0.5);
  EXPECT_EQ(sample_.options.epochs, 8);
  EXPECT_EQ(sample_.table.values().at("recipe"), "fast");
  EXPECT_EQ(parse({"--config", config, "--recipe", "slow"}).lr, 0.1);
  Sample plain;
  plain.table.accept_recipes({[](const std::string&) -> std::filesystem::path { throw UsageError("asked for"); }, {}, ""});
  plain.parse({"--config", config, "--recipe", ""});
  EXPECT_EQ(plain.options.lr, 0.1) << "taken back";
  EXPECT_TRUE(plain.table.recipe_file().empty());
}

TEST_F(Recipes, GiveTheValuesOfARunAgain) {
  write("fast", "lr: 0.5\nepochs: 7\nmilestones: [3]\n");
  parse({"--recipe", "fast", "--epochs", "90"});
  const nlohmann::json before = sample_.table.values();
  const std::string config = write("run", before.dump());
  Sample again;
  again.table.accept_recipes({[this](const std::string& name) { return path(name); }, {}, ""});
  again.parse({"--config", config});
  EXPECT_EQ(again.table.values(), before);
}

TEST_F(Recipes, AreRefusedByPlace) {
  const std::string unknown = write("unknown", "lr: 1\nwobble: 3\n");
  EXPECT_ERROR(ConfigError, unknown + ":2:1: unknown option 'wobble'", parse({"--recipe", "unknown"}));
  const std::string value = write("value", "lr: 0\n");
  EXPECT_ERROR(ConfigError, value + ":1:5: lr: 0", parse({"--recipe", "value"}));
  const std::string twice = write("twice", "lr: 1\nlr: 2\n");
  EXPECT_ERROR(ConfigError, twice + ":2:1: lr is already set at " + twice + ":1:5", parse({"--recipe", "twice"}));
  const std::string nested = write("nested", "recipe: twice\n");
  EXPECT_ERROR(ConfigError, nested + ":1:1: unknown option 'recipe'", parse({"--recipe", "nested"}));
  EXPECT_ERROR(UsageError, "--recipe: an empty value", parse({"--recipe", ""}));
}

TEST_F(Recipes, AreListed) {
  const ParseResult result = sample_.parse({"--recipe", "list"});
  EXPECT_EQ(result.action, ParseResult::Action::kPrint);
  EXPECT_EQ(result.text, "all recipes\n");
}

TEST_F(Recipes, AreNotWhatRanksMustAgreeIn) {
  EXPECT_FALSE(sample_.table.compared_values().contains("recipe")) << "its values are";
}

TEST_F(Recipes, DefaultsComeBackInTheNameOfWhatReplacesThem) {
  write("fast", "lr: 0.5\n");
  parse({"--recipe", "fast", "--epochs", "3"});
  sample_.table.restore_default("lr", "epochs");
  EXPECT_EQ(sample_.options.lr, 0.1);
  EXPECT_EQ(sample_.table.layer("lr"), OptionLayer::kCommandLine);
  EXPECT_THROW(sample_.table.restore_default("wobble", "epochs"), Error);
}

}  // namespace
}  // namespace skein
