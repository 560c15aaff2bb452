// Reading what ranks left, whole and damaged.

#include "runtime/trace/post_mortem_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/trace/rank_ranges.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

using nlohmann::json;

json sample(int rank, int world_size) {
  const json call{{"sequence", 3},    {"text", "barrier #3"},   {"digest", "00ff"}, {"communicator", "world"},
                  {"asked_ns", 1e9}, {"begun_ns", 2'000'000'000}, {"met_ns", 3'000'000'000}};
  return {{"rank", rank},
          {"world_size", world_size},
          {"host", "node07"},
          {"time", 1000.5},
          {"error", {{"kind", "PeerLost"}, {"message", "gone"}}},
          {"clock", {{"offset_ns", 100'000'000'000}}},
          {"communicators",
           {{{"name", "world"}, {"ranks", {0, 1}}, {"num_calls", 4}, {"ended", false}}}},
          {"calls", {call}}};
}

class PostMortemFile : public DirectoryTest {
 protected:
  void write(const std::string& name, const std::string& text) const { write_text(directory_ / name, text); }
};

TEST_F(PostMortemFile, IsReadInJobTime) {
  write("rank_0001.json", sample(1, 2).dump());
  write("rank_0001.json.77.tmp", "{");
  write("rank_1.log", "not this");
  const JobReport job = read_post_mortems(directory_);
  EXPECT_EQ(job.world_size, 2);
  EXPECT_EQ(job.missing(), std::vector<int>{0});
  const TracedCommunicator& world = job.ranks.at(1).communicators.at("world");
  EXPECT_EQ(world.num_calls, 4u);
  const TracedCall& call = world.calls.at(3);
  EXPECT_EQ(call.text, "barrier #3");
  EXPECT_EQ(call.begun, 102);
  EXPECT_EQ(call.met, 103);
  EXPECT_FALSE(call.finished);
}

TEST_F(PostMortemFile, IsFoundInARunAndNeedsNoCommunicator) {
  json report = sample(0, 1);
  for (const char* section : {"calls", "communicators", "clock"}) report.erase(section);
  write("post-mortem/rank_0000.json", report.dump());
  EXPECT_EQ(read_post_mortems(directory_).ranks.at(0).error_kind, "PeerLost");
}

TEST_F(PostMortemFile, OfARunThatWentOnTheLatestAreRead) {
  write("post-mortem-1/rank_0000.json", sample(0, 1).dump());
  write("post-mortem-2/rank_0000.json", sample(0, 2).dump());
  EXPECT_EQ(read_post_mortems(directory_).world_size, 2);
  write("post-mortem/rank_0000.json", sample(0, 3).dump());
  EXPECT_EQ(read_post_mortems(directory_).world_size, 3);
}

TEST_F(PostMortemFile, DamageIsNamed) {
  EXPECT_ERROR(DataError, "cannot read nowhere", read_post_mortems("nowhere"));
  EXPECT_ERROR(DataError, "holds no post-mortems", read_post_mortems(directory_));
  const std::string whole = sample(0, 2).dump();
  write("rank_0000.json", whole.substr(0, whole.size() / 2));
  EXPECT_ERROR(DataError, "rank_0000.json is cut short", read_post_mortems(directory_));
  write("rank_0000.json", "[]");
  EXPECT_ERROR(DataError, "rank_0000.json is not a post-mortem", read_post_mortems(directory_));
  json stray = sample(0, 2);
  stray["calls"][0]["communicator"] = "unheard of";
  write("rank_0000.json", stray.dump());
  EXPECT_ERROR(DataError, "rank_0000.json is not a post-mortem", read_post_mortems(directory_));
  write("rank_0000.json", whole);
  write("rank_0001.json", sample(1, 3).dump());
  EXPECT_ERROR(DataError, "a job of 2 ranks", read_post_mortems(directory_));
  write("rank_0001.json", sample(0, 2).dump());
  EXPECT_ERROR(DataError, "a second post-mortem of rank 0", read_post_mortems(directory_));
}

TEST(RankRanges, KeepTheirOrder) {
  EXPECT_EQ(rank_ranges({}), "");
  EXPECT_EQ(rank_ranges({4}), "4");
  EXPECT_EQ(rank_ranges({0, 1, 2, 7, 9, 8}), "0-2,7,9,8");
}

}  // namespace
}  // namespace skein
