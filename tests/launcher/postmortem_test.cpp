// skein postmortem on what ranks that diverged really left.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/directory_test.h"
#include "tests/support/run_mpi.h"

namespace skein {
namespace {

using nlohmann::json;

class Postmortem : public DirectoryTest {
 protected:
  /// Three ranks, of which rank 1 does something else than the others.
  json verdict_of(const std::string& how) const {
    run_mpi({.num_ranks = 3, .program = {WORLD_PROGRAM, "diverge", directory_, how}});
    return json::parse(skein({"--json"}).standard_output);
  }
  CapturedRun skein(const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {SKEIN_PROGRAM, "postmortem", directory_};
    argv.insert(argv.end(), words.begin(), words.end());
    return run_captured({.argv = argv, .environment = environment_without_launcher()},
                        Deadline::after(std::chrono::seconds(20)));
  }
};

void expect_rank_1(const json& page, const std::string& kind) {
  EXPECT_EQ(page.at("kind"), kind) << page.dump(1);
  EXPECT_EQ(page.at("culprits"), json({1}));
  EXPECT_EQ(page.at("call").at("communicator"), "world");
  EXPECT_EQ(page.at("call").at("sequence"), 3);
}

TEST_F(Postmortem, OfAMismatch) {
  const json page = verdict_of("mismatch");
  expect_rank_1(page, "mismatch");
  EXPECT_EQ(page.at("ranks")[1].at("call"), "allreduce #3 'bias' float32 x 1, sum");
  EXPECT_EQ(page.at("first_error").at("kind"), "MismatchError");
  const std::string text = skein({}).standard_output;
  EXPECT_NE(text.find("rank 1 asks for something else than most ranks at call #3 of communicator world"),
            std::string::npos) << text;
  EXPECT_NE(text.find("ranks 0,2  asked for allreduce #3 'weights'"), std::string::npos) << text;
}

TEST_F(Postmortem, OfAStraggler) {
  const json page = verdict_of("late");
  expect_rank_1(page, "never arrived");
  EXPECT_GT(page.at("ranks")[0].at("waited_s"), 0.25);
  EXPECT_EQ(page.at("ranks")[1].at("state"), "absent");
}

TEST_F(Postmortem, OfARankThatLeftEarly) {
  expect_rank_1(verdict_of("early"), "left early");
}

TEST_F(Postmortem, OfADeadRank) {
  const json page = verdict_of("die");
  expect_rank_1(page, "died");
  EXPECT_EQ(page.at("missing"), json({1}));
  EXPECT_EQ(page.at("first_error").at("kind"), "PeerLost");
}

TEST_F(Postmortem, OfADeadlock) {
  expect_rank_1(verdict_of("deadlock"), "deadlock");
  const std::string text = skein({}).standard_output;
  EXPECT_NE(text.find("'first in the split' float32 x 1, sum (communicator world/1,0)"), std::string::npos) << text;
}

TEST_F(Postmortem, OfNothingSaysSo) {
  const CapturedRun run = skein({});
  EXPECT_EQ(run.status.code, 4);
  EXPECT_NE(run.standard_error.find("holds no post-mortems"), std::string::npos);
}

}  // namespace
}  // namespace skein
