#include "runtime/options/config_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/runtime/options/sample_options.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    file_ = std::filesystem::temp_directory_path() / concat("skein_", test->name(), "_", getpid(), ".yaml");
  }
  void TearDown() override { std::filesystem::remove(file_); }
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  void parse(const std::string& text, std::vector<std::string> words = {}) {
    write(text);
    words.insert(words.begin(), {"--config", file_.string()});
    sample_.parse(words);
  }
  /// The place as messages name it.
  std::string at(int line, int column) const { return concat(file_.string(), ":", line, ":", column, ": "); }

  std::filesystem::path file_;
  Sample sample_;
};

TEST_F(ConfigFile, SetsValuesWithEitherSpelling) {
  parse(
      "# birds\nbatch-size: 8\nnum_epochs: 3\nprint_freq: 2\nmilestones: [1, 2]\namp: yes\nlr: 1e-3\nclip: "
      "0.5\n");
  EXPECT_EQ(sample_.options.batch_size, 8);
  EXPECT_EQ(sample_.options.epochs, 3);
  EXPECT_EQ(sample_.options.print_freq, 2);
  EXPECT_EQ(sample_.options.milestones, (std::vector<int>{1, 2}));
  EXPECT_TRUE(sample_.options.amp);
  EXPECT_EQ(sample_.options.lr, 1e-3);
  EXPECT_EQ(sample_.options.clip, 0.5);
}

TEST_F(ConfigFile, FlagsWin) {
  parse("lr: 0.5\nbatch_size: 8\nmilestones: [1]\n", {"--lr", "0.25", "--milestones", "7"});
  EXPECT_EQ(sample_.options.lr, 0.25);
  EXPECT_EQ(sample_.options.batch_size, 8);
  EXPECT_EQ(sample_.options.milestones, std::vector<int>{7});
  EXPECT_EQ(sample_.table.origin("lr"), "command line");
  EXPECT_EQ(sample_.table.origin("batch_size"), file_.string() + ":2:13");
  EXPECT_EQ(sample_.table.origin("epochs"), "default");
}

TEST_F(ConfigFile, EmptyFileSetsNothing) {
  const std::string before = sample_.table.values().dump();
  for (const char* text : {"", "# nothing\n", "---\n"}) parse(text);
  EXPECT_EQ(sample_.table.values().dump(), before);
}

TEST_F(ConfigFile, UnknownKey) {
  EXPECT_ERROR(ConfigError, at(2, 1) + "unknown option 'batchsize'; did you mean 'batch_size'?",
               parse("lr: 0.1\nbatchsize: 3\n"));
  EXPECT_ERROR(ConfigError, at(1, 1) + "unknown option 'config'", parse("config: other.yaml\n"));
  EXPECT_ERROR(ConfigError, "unknown option '--lr'", parse("--lr: 1\n"));
}

TEST_F(ConfigFile, BadValues) {
  EXPECT_ERROR(ConfigError, at(3, 5) + "lr: 'fast' is not a number", parse("epochs: 1\n\nlr: fast\n"));
  EXPECT_ERROR(ConfigError, at(1, 13) + "batch_size: 0 is too small: it must be at least 1", parse("batch_size: 0\n"));
  EXPECT_ERROR(ConfigError, "batch_size: '2.5' is not an integer", parse("batch_size: 2.5\n"));
  EXPECT_ERROR(ConfigError, "lr: has no value", parse("lr:\n"));
  EXPECT_ERROR(ConfigError, "lr: takes one value, not a list", parse("lr: [0.1, 0.2]\n"));
  EXPECT_ERROR(ConfigError, at(2, 3) + "lr: a nested value", parse("lr:\n  start: 0.1\n"));
  EXPECT_ERROR(ConfigError, "amp: 'maybe' is neither true nor false", parse("amp: maybe\n"));
}

TEST_F(ConfigFile, AKeyGivenTwice) {
  EXPECT_ERROR(ConfigError, at(2, 1) + "num_epochs is already set at " + file_.string() + ":1:9",
               parse("epochs: 1\nnum_epochs: 2\n"));
}

TEST_F(ConfigFile, NullUnsetsAnOptional) {
  sample_.options.clip = 3;
  parse("clip: null\n");
  EXPECT_FALSE(sample_.options.clip);
}

TEST_F(ConfigFile, NotYaml) {
  EXPECT_ERROR(ConfigError, "not valid YAML", parse("lr: [0.1\nepochs: 2\n"));
  EXPECT_ERROR(ConfigError, at(1, 1) + "expected `name: value` lines", parse("- lr\n- 0.1\n"));
  EXPECT_ERROR(ConfigError, "a second document", parse("lr: 0.1\n---\nlr: 0.2\n"));
}

TEST_F(ConfigFile, UnreadableFile) {
  EXPECT_ERROR(ConfigError, "cannot read the configuration file /nowhere/x.yaml",
               sample_.parse({"--config", "/nowhere/x.yaml"}));
  EXPECT_ERROR(ConfigError, "cannot read the configuration file /tmp", sample_.parse({"--config", "/tmp"}));
}

TEST_F(ConfigFile, ValuesOfARunReproduceIt) {
  sample_.parse(
      {"--lr", "0.30000000000000004", "--milestones", "3,4", "--amp", "--seed", "18446744073709551615", "--clip", "1"});
  const auto values = sample_.table.values();
  write(values.dump(2));
  Sample again;
  again.parse({"--config", file_.string()});
  EXPECT_EQ(again.table.values(), values);
  EXPECT_EQ(again.table.compared_values(), sample_.table.compared_values());
}

}  // namespace
}  // namespace skein
