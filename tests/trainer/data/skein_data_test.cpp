// The program skein-data as a user meets it.
#include "idx_test_files.h"
#include "runtime/process/subprocess.h"

namespace skein {
namespace {

using namespace skein::testing;
using namespace std::chrono_literals;

CapturedRun skein_data(std::vector<std::string> words) {
  words.insert(words.begin(), SKEIN_DATA_PROGRAM);
  SubprocessOptions options;
  options.argv = words;
  return run_captured(options, Deadline::after(30s));
}

TEST(SkeinData, HelpPages) {
  for (const char* flag : {"--help", "-h"}) EXPECT_TRUE(contains(skein_data({flag}).standard_output, "import-idx"));
  const CapturedRun help = skein_data({"import-idx", "--help"});
  EXPECT_TRUE(help.status.success());
  for (const char* part : {"--images", "--only", "--limit-per-class", "--offset-per-class", "--quality", "Example"})
    EXPECT_TRUE(contains(help.standard_output, part));
}

TEST(SkeinData, ImportsAndSaysWhat) {
  TemporaryFolder folder;
  const std::string images = folder.add("images", idx_images(4)),
                    labels = folder.add("labels", idx_labels({0, 1, 0, 1}));
  const std::string out = folder.path() / "out";
  const std::vector<std::string> words{"import-idx", "--images", images,    "--labels",  labels,
                                       "--out",      out,        "--split", "val",       "--classes",
                                       "hen,emu",    "--format", "jpeg",    "--quality", "80"};
  const CapturedRun first = skein_data(words);
  EXPECT_TRUE(first.status.success()) << first.standard_error;
  EXPECT_EQ(first.standard_output, out + "/val: 4 images of 2 classes\n");
  EXPECT_EQ(skein_data(words).standard_output, out + "/val: 4 images of 2 classes, complete before\n");
  EXPECT_TRUE(std::filesystem::exists(out + "/val/emu/3.jpg"));
}

TEST(SkeinData, ExitCodesTellTheKindOfError) {
  TemporaryFolder folder;
  const std::string images = folder.add("images", idx_images(4)), labels = folder.add("labels", idx_labels({0, 1}));
  EXPECT_EQ(skein_data({}).status.code, 2);
  EXPECT_EQ(skein_data({"export"}).status.code, 2);
  EXPECT_EQ(skein_data({"import-idx", "--out", "x"}).status.code, 2);
  const CapturedRun mismatch =
      skein_data({"import-idx", "--images", images, "--labels", labels, "--out", folder.path() / "out"});
  EXPECT_EQ(mismatch.status.code, 4);
  EXPECT_TRUE(contains(mismatch.standard_error, "do not belong together"));
  EXPECT_TRUE(contains(mismatch.standard_error, "remedy"));
}

}  // namespace
}  // namespace skein
