// skein report as a user calls it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/environment.h"
#include "runtime/process/subprocess.h"
#include "runtime/run/run.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class SkeinReport : public DirectoryTest {
 protected:
  SubprocessOptions command(std::vector<std::string> words) const {
    words.insert(words.begin(), SKEIN_PROGRAM);
    return {.argv = words, .environment = full_environment(), .working_directory = directory_};
  }
  CapturedRun skein(const std::vector<std::string>& words) const {
    return run_captured(command(words), Deadline::after(seconds(60)));
  }
  void make_run(const std::string& experiment, const std::string& id) const {
    skein::Run run({.runs_dir = directory_ / "runs", .experiment = experiment, .run_id = id}, nlohmann::json::object());
    run.log("val/accuracy", 0.75, 10, 1);
    run.complete();
  }
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text.substr(0, 1000);
}

TEST_F(SkeinReport, WritesOnePage) {
  make_run("birds", "20260101-a");
  make_run("other", "20260102-b");
  const CapturedRun one = skein({"report", "20260101"});
  EXPECT_EQ(one.status.code, 0) << one.standard_error;
  expect_contains(one.standard_output, "report.html: 1 run, ");
  expect_contains(file_contents(directory_ / "report.html"), "<title>birds / 20260101-a");
  write_text(directory_ / "page.html", "old");
  const CapturedRun two = skein({"report", "20260101-a", "runs/other/20260102-b", "-o", "page.html"});
  expect_contains(two.standard_output, "page.html: 2 runs, ");
  expect_contains(file_contents(directory_ / "page.html"), "<title>birds / 20260101-a, other / 20260102-b");
  const CapturedRun out = skein({"report", "a", "--experiment", "birds", "--output", "-"});
  EXPECT_TRUE(out.standard_output.starts_with("<!doctype html>"));
  EXPECT_TRUE(out.standard_output.ends_with("</html>\n"));
  write_text(directory_ / "runs" / "birds" / "20260101-a" / "outputs" / "worst_images.json", "[");
  expect_contains(skein({"report", "20260101-a"}).standard_error, "skein report: warning: ");
}

TEST_F(SkeinReport, RefusesWhatItCannotShow) {
  make_run("birds", "20260101-a");
  write_text(directory_ / "runs" / "birds" / "broken" / "events.jsonl", "{\"event\":\"created\"}\n");
  fs::create_directories(directory_ / "folder");
  struct Wrong {
    std::vector<std::string> words;
    int code;
    std::string message;
  };
  const std::vector<Wrong> all = {
      {{"report"}, 2, "RUN is missing"},
      {{"report", "20260101-b"}, 2, "no run '20260101-b' in runs; did you mean '20260101-a'?"},
      {{"runs", "show", "20260101-b"}, 2, "did you mean '20260101-a'?"},
      {{"report", "20260101-a", "a"}, 2, "the run 20260101-a is named twice"},
      {{"report", "broken"}, 4, "runs/birds/broken/events.jsonl: "},
      {{"report", "./folder"}, 4, "holds no run"},
      {{"report", "20260101-a", "--runs-dir", "nowhere"}, 4, "nowhere"},
      {{"report", "20260101-a", "-o", "folder"}, 2, "--output folder is a folder"},
      {{"report", "20260101-a", "-o", "nowhere/x.html"}, 8, "nowhere"},
      {{"report", "20260101-a", "-o", "-", "--open"}, 2, "--open needs a file"},
  };
  for (const Wrong& wrong : all) {
    const CapturedRun run = skein(wrong.words);
    EXPECT_EQ(run.status.code, wrong.code) << wrong.message << "\n" << run.standard_error;
    expect_contains(run.standard_error, wrong.message);
  }
}

TEST_F(SkeinReport, OpensItsPage) {
  make_run("birds", "20260101-a");
  write_text(directory_ / "bin" / "xdg-open", "#!/bin/sh\necho \"opens $1\"\n");
  fs::permissions(directory_ / "bin" / "xdg-open", fs::perms::owner_all);
  SubprocessOptions options = command({"report", "20260101-a", "--open"});
  (*options.environment)["PATH"] = (directory_ / "bin").string() + ":/usr/bin:/bin";
  const CapturedRun opened = run_captured(options, Deadline::after(seconds(60)));
  EXPECT_EQ(opened.status.code, 0) << opened.standard_error;
  expect_contains(opened.standard_output, "opens report.html\n");
  write_text(directory_ / "bin" / "xdg-open", "#!/bin/sh\nexit 3\n");
  fs::permissions(directory_ / "bin" / "xdg-open", fs::perms::owner_all);
  const CapturedRun failed = run_captured(options, Deadline::after(seconds(60)));
  EXPECT_EQ(failed.status.code, 1);
  expect_contains(failed.standard_error, "open that file in a browser");
}

}  // namespace
}  // namespace skein
