#include "runtime/trace/timeline.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/error.h"
#include "runtime/trace/timeline_part.h"
#include "tests/support/directory_test.h"
#include "tests/support/expect_error.h"

namespace skein {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::int64_t kMicrosecond = 1000;

TimelineRecord record(const std::string& name, std::int64_t asked, std::int64_t begun) {
  TimelineRecord facts{};
  set_text(facts.operation, "allreduce");
  set_text(facts.name, name);
  set_text(facts.communicator, "world");
  set_text(facts.dtype, "float32");
  facts.num_bytes = 4096;
  facts.asked_ns = asked * kMicrosecond;
  facts.begun_ns = begun * kMicrosecond;
  return facts;
}

class Timeline : public DirectoryTest {
 protected:
  /// A call of each rank: asked for at 100 us, begun at 110, met at 150 and finished at 170 of the job's time.
  void write_part(int rank, int world_size, std::int64_t clock_offset_us = 0, std::int64_t job_start_ns = 5'000'000) {
    TimelinePart part(parts_, rank, world_size, "host" + std::to_string(rank));
    part.set_clock({.offset_ns = job_start_ns + clock_offset_us * kMicrosecond, .uncertainty_ns = 7000, .job_start_ns = job_start_ns});
    TimelineRecord* call = part.begin(record("w", 100 - clock_offset_us, 110 - clock_offset_us));
    call->met_ns = (150 - clock_offset_us) * kMicrosecond;
    call->finished_ns = (170 - clock_offset_us) * kMicrosecond;
  }
  json merged() {
    summary_ = write_timeline(parts_, output_);
    return json::parse(std::ifstream(output_));
  }
  /// Of `rank`, by name: what begins and how long it lasts.
  static std::map<std::string, std::pair<double, double>> slices_of(const json& timeline, int rank) {
    std::map<std::string, std::pair<double, double>> slices;
    for (const json& event : timeline.at("traceEvents"))
      if (event.at("ph") == "X" && event.at("pid") == rank) slices[event.at("name")] = {event.at("ts"), event.at("dur")};
    return slices;
  }

  fs::path parts_ = directory_ / "t.json.parts";
  fs::path output_ = directory_ / "t.json";
  TimelineSummary summary_;
};

TEST_F(Timeline, SeparatesWaitingFromTransferOnOneClock) {
  write_part(0, 2);
  write_part(1, 2, /*clock_offset_us=*/-40);
  const json timeline = merged();
  for (int rank = 0; rank < 2; ++rank) {
    const auto slices = slices_of(timeline, rank);
    EXPECT_EQ(slices.at("allreduce w"), (std::pair{110.0, 60.0})) << "rank " << rank;
    EXPECT_EQ(slices.at("wait"), (std::pair{110.0, 40.0}));
    EXPECT_EQ(slices.at("transfer"), (std::pair{150.0, 20.0}));
  }
  EXPECT_EQ(summary_.describe(), "2 calls of 2 ranks");
  EXPECT_EQ(timeline.at("otherData").at("clock_uncertainty_us"), 7.0);
}

TEST_F(Timeline, QueuedCallsAreAsynchronousPairs) {
  write_part(0, 1);
  std::map<std::string, std::vector<std::pair<std::string, double>>> pairs;
  const json timeline = merged();
  for (const json& event : timeline.at("traceEvents"))
    if (event.contains("id")) pairs[event.at("id")].emplace_back(event.at("ph"), event.at("ts"));
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs.begin()->second, (std::vector<std::pair<std::string, double>>{{"b", 100}, {"e", 110}}));
}

TEST_F(Timeline, EveryRankAndCommunicatorHasAName) {
  write_part(0, 2);
  write_part(1, 2);
  std::set<std::pair<int, int>> named, used;
  const json timeline = merged();
  for (const json& event : timeline.at("traceEvents")) {
    if (event.at("name") == "thread_name") named.emplace(event.at("pid"), event.at("tid"));
    if (event.at("ph") != "M") used.emplace(event.at("pid"), event.at("tid"));
    if (event.at("name") == "process_name") {
      EXPECT_EQ(event.at("args").at("name"), event.at("pid") == 0 ? "rank 0 (host0)" : "rank 1 (host1)");
    }
  }
  EXPECT_EQ(used, named);
}

TEST_F(Timeline, SaysWhatIsMissing) {
  {
    TimelinePart part(parts_, 1, 4, "b");
    part.begin(record("lost", 1, 1));
    part.begin(record("later", 9, 9));
    part.set_recording(false);
    EXPECT_EQ(part.begin(record("unseen", 10, 10)), nullptr);
  }
  const json timeline = merged();
  EXPECT_EQ(summary_.describe(), "2 calls of 1 rank; nothing of ranks 0,2-3; 2 had not finished");
  const auto slices = slices_of(timeline, 1);
  EXPECT_EQ(slices.at("allreduce lost").second, 8.0) << "until the last that is known of the rank";
}

TEST_F(Timeline, APartCutShortKeepsWhatItHas) {
  write_part(0, 1);
  const fs::path file = timeline_part_file(parts_, 0);
  fs::resize_file(file, fs::file_size(file) - 1);
  write_part(1, 2);
  merged();
  EXPECT_EQ(summary_.num_calls, 1u);
  EXPECT_EQ(summary_.num_dropped, 1u);
}

TEST_F(Timeline, PartsOfAnEarlierJobAreLeftOut) {
  write_part(3, 4, 0, /*job_start_ns=*/1'000'000);
  write_part(0, 1);
  merged();
  EXPECT_EQ(summary_.ranks, std::vector<int>{0});
}

TEST_F(Timeline, RefusesWhatIsNoPart) {
  EXPECT_ERROR(ConfigError, "no parts of a timeline", write_timeline(directory_ / "nowhere", output_));
  write_part(0, 1);
  const fs::path file = timeline_part_file(parts_, 0);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(8).put(9);
  EXPECT_ERROR(ConfigError, "in version 9; this Skein reads version 1", write_timeline(parts_, output_));
  std::ofstream(file) << "{}";
  EXPECT_ERROR(ConfigError, "rank_0000.part: not a part of a timeline", write_timeline(parts_, output_));
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(Timeline, MoreCallsThanThereIsRoomForAreCounted) {
  constexpr std::uint64_t kMore = 5;
  {
    TimelinePart part(parts_, 0, 1, "a");
    const TimelineRecord facts = record("w", 1, 1);
    for (std::uint64_t i = 0; i < TimelinePart::kMostRecords + kMore; ++i) part.begin(facts);
  }
  const TimelineContent content = read_timeline_part(timeline_part_file(parts_, 0));
  EXPECT_EQ(content.records.size(), TimelinePart::kMostRecords);
  EXPECT_EQ(content.num_dropped, kMore);
}

TEST(TimelineFiles, PartsLieBesideTheTimeline) {
  EXPECT_EQ(timeline_parts_of("a/b.json"), "a/b.json.parts");
  EXPECT_EQ(timeline_of_parts("a/b.json.parts"), "a/b.json");
  EXPECT_EQ(timeline_of_parts("a/b.json.parts/"), "a/b.json");
  EXPECT_EQ(timeline_of_parts("a/b"), "a/b/timeline.json");
}

}  // namespace
}  // namespace skein
