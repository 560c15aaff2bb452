#include "launcher/run_summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/directory_test.h"

namespace skein {
namespace {

class RunSummary : public DirectoryTest {
 protected:
  nlohmann::json summarize(const std::string& events) {
    write_text(directory_ / "e" / "r" / "events.jsonl", events);
    return summarize_run({"e", "r", directory_ / "e" / "r"});
  }
};

constexpr const char* kCreated =
    R"({"event":"created","time":"2026-01-31T10:00:00.000Z","run":{"schema_version":1,"run_id":"r","experiment":"e"}})"
    "\n";

TEST_F(RunSummary, FinishedRun) {
  const auto summary = summarize(
      std::string(kCreated) +
      R"({"event":"metrics","time":"2026-01-31T10:01:00.000Z","metrics":{"loss":{"last":0.5,"min":0.5,"max":2}}})"
      "\n"
      R"({"event":"state","time":"2026-01-31T10:01:05.000Z","state":"Completed"})"
      "\n");
  EXPECT_EQ(summary.at("state"), "Completed");
  EXPECT_EQ(summary.at("duration_s"), 65);
  EXPECT_EQ(summary.at("created"), "2026-01-31T10:00:00.000Z");
  EXPECT_EQ(summary.at("metrics").at("loss").at("last"), 0.5);
  EXPECT_EQ(summary.at("inferred"), false);
}

TEST_F(RunSummary, UnfinishedRunHasNoEnd) {
  const auto summary = summarize(kCreated);
  EXPECT_EQ(summary.at("state"), "NotStarted");
  EXPECT_TRUE(summary.at("ended").is_null());
  EXPECT_GT(summary.at("duration_s"), 0);
}

TEST_F(RunSummary, DamagedRunIsUnknownAndSaysWhy) {
  const auto summary = summarize("{\"event\":\"created\"}\n");
  EXPECT_EQ(summary.at("state"), "Unknown");
  EXPECT_NE(summary.at("reason").get<std::string>().find("events.jsonl"), std::string::npos);
  EXPECT_TRUE(summary.at("duration_s").is_null());
}

TEST_F(RunSummary, Texts) {
  EXPECT_EQ(readable_time("2026-01-31T10:15:30.482Z"), "2026-01-31 10:15:30");
  EXPECT_EQ(readable_time(""), "");
  const nlohmann::json metrics = {
      {"a", {{"last", 1}}}, {"train/loss", {{"last", 0.123456}}}, {"val/accuracy", {{"last", 0.9}}}};
  EXPECT_EQ(metrics_text(metrics, 2), "val/accuracy 0.9, a 1");
  EXPECT_EQ(metrics_text(metrics, 9), "val/accuracy 0.9, a 1, train/loss 0.1235");
  EXPECT_EQ(metrics_text(nlohmann::json::object(), 2), "");
}

}  // namespace
}  // namespace skein
