// No flag of the trainer goes without a test.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "trainer/options/train_options.h"

namespace skein {
namespace {

std::string text_of_tests() {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRAINER_TESTS)) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    text += std::string(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

TEST(EveryFlag, IsUsedByATest) {
  const std::string tests = text_of_tests();
  TrainOptions options;
  const OptionTable table = make_train_option_table(options);
  size_t num_flags = 0;
  for (const auto& option : table.options()) {
    ++num_flags;
    bool is_used = false;  // as it is, with a value, or taken back
    for (const std::string& spelling : {option->flag() + "\"", option->flag() + "=", "--no-" + option->flag().substr(2) + "\""})
      is_used = is_used || tests.find("\"" + spelling) != std::string::npos;
    EXPECT_TRUE(is_used) << option->flag();
  }
  EXPECT_GT(num_flags, 90u);
}

}  // namespace
}  // namespace skein
