// The timeline of jobs of two ranks.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "runtime/trace/timeline.h"
#include "tests/support/directory_test.h"
#include "tests/support/run_mpi.h"

namespace skein {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class TimelineOfJob : public DirectoryTest {
 protected:
  CapturedRun run(const std::string& how) {
    return run_mpi({.num_ranks = 2, .program = {SKEIN_TIMELINE_PROGRAM, how}, .environment = {{"SKEIN_TIMELINE", file_}}});
  }
  static std::vector<json> slices(const json& timeline, int rank) {
    std::vector<json> found;
    for (const json& event : timeline.at("traceEvents"))
      if (event.at("ph") == "X" && event.at("pid") == rank) found.push_back(event);
    return found;
  }
  static std::set<std::string> names(const json& timeline, int rank) {
    std::set<std::string> found;
    for (const json& event : slices(timeline, rank)) found.insert(event.at("name"));
    return found;
  }
  json load() const { return json::parse(std::ifstream(file_)); }

  const fs::path file_ = directory_ / "timeline.json";
};

/// Milliseconds for which the call of that name waited for other ranks: the slice that follows it.
double waited(const std::vector<json>& slices, const std::string& name) {
  for (std::size_t i = 0; i + 1 < slices.size(); ++i)
    if (slices[i].at("name") == name && slices[i + 1].at("name") == "wait") return slices[i + 1].at("dur").get<double>() / 1e3;
  return -1;
}

TEST_F(TimelineOfJob, ShowsWhoWaitsForWhom) {
  const CapturedRun job = run("whole");
  ASSERT_TRUE(job.status.success()) << job.standard_error;
  EXPECT_FALSE(fs::exists(timeline_parts_of(file_)));
  const json timeline = load();
  EXPECT_GE(waited(slices(timeline, 0), "allreduce late"), 150);
  const double of_the_late_one = waited(slices(timeline, 1), "allreduce late");
  EXPECT_GE(of_the_late_one, 0);
  EXPECT_LE(of_the_late_one, 100);
  for (int rank = 0; rank < 2; ++rank)
    for (const char* name : {"allreduce first", "allreduce one", "allreduce two", "barrier split", "barrier of the split"})
      EXPECT_TRUE(names(timeline, rank).contains(name)) << "rank " << rank << ": " << name;
}

/// Slices of one thread may lie inside one another, but not overlap; what is queued ends once.
TEST_F(TimelineOfJob, IsWhatTheFormatAsksFor) {
  ASSERT_TRUE(run("whole").status.success());
  std::map<std::pair<int, int>, std::vector<std::pair<double, double>>> open;
  std::map<std::string, int> queued;
  const json timeline = load();
  for (const json& event : timeline.at("traceEvents")) {
    const std::string phase = event.at("ph");
    ASSERT_TRUE(phase == "X" || phase == "M" || phase == "b" || phase == "e") << event;
    if (phase == "b" || phase == "e") queued[event.at("id")] += phase == "b" ? 1 : -1;
    if (phase != "X") continue;
    const double begin = event.at("ts"), end = begin + event.at("dur").get<double>();
    ASSERT_GE(begin, 0);
    ASSERT_GE(end, begin);
    auto& around = open[{event.at("pid"), event.at("tid")}];
    constexpr double kRounding = 0.01;  // us
    while (!around.empty() && begin >= around.back().second - kRounding) around.pop_back();
    if (!around.empty()) {
      EXPECT_LE(end, around.back().second + kRounding) << event;
    }
    around.emplace_back(begin, end);
  }
  EXPECT_FALSE(queued.empty());
  for (const auto& [id, left] : queued) EXPECT_EQ(left, 0) << id;
}

TEST_F(TimelineOfJob, ASignalStopsAndContinuesIt) {
  const CapturedRun job = run("paused");
  ASSERT_TRUE(job.status.success()) << job.standard_error;
  for (int rank = 0; rank < 2; ++rank) {
    const std::set<std::string> found = names(load(), rank);
    EXPECT_TRUE(found.contains("allreduce first"));
    EXPECT_FALSE(found.contains("allreduce late"));
    EXPECT_TRUE(found.contains("allreduce two"));
  }
}

TEST_F(TimelineOfJob, AfterAFailureThePartsAreThere) {
  EXPECT_FALSE(run("fails").status.success());
  EXPECT_FALSE(fs::exists(file_));
  const TimelineSummary summary = write_timeline(timeline_parts_of(file_), file_);
  EXPECT_EQ(summary.ranks, (std::vector{0, 1}));
  EXPECT_TRUE(names(load(), 0).contains("allreduce late"));
}

}  // namespace
}  // namespace skein
