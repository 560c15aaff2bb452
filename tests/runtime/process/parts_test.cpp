// The parts of runtime/process that need no other process.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "runtime/process/deadline.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/futex.h"
#include "runtime/process/health.h"
#include "runtime/process/log.h"
#include "runtime/process/post_mortem.h"
#include "runtime/process/shared_region.h"
#include "runtime/process/topology.h"
#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

using std::chrono::milliseconds;

TEST(Error, SaysKindCodeAndRemedy) {
  const MismatchError error("ranks differ", "start them alike");
  EXPECT_STREQ(error.what(), "ranks differ\n  remedy: start them alike");
  EXPECT_STREQ(error.kind(), "MismatchError");
  EXPECT_EQ(error.exit_code(), 5);
  EXPECT_STREQ(UsageError("no").what(), "no");
  EXPECT_EQ(Error("").exit_code(), 1);
}

TEST(Fnv1a, IsThePublishedOne) {
  EXPECT_EQ(fnv1a_hex(""), "cbf29ce484222325");
  EXPECT_EQ(fnv1a_hex("a"), "af63dc4c8601ec8c");
  EXPECT_EQ(fnv1a_hex("foobar"), "85944171f73967e8");
}

TEST(Deadline, Expires) {
  const Deadline deadline = Deadline::after(milliseconds(30));
  EXPECT_FALSE(deadline.expired());
  EXPECT_GT(deadline.remaining(), milliseconds(0));
  std::this_thread::sleep_for(milliseconds(35));
  EXPECT_TRUE(deadline.expired());
  EXPECT_EQ(deadline.remaining(), milliseconds(0));
}

std::exception_ptr lost(const std::string& who) {
  return std::make_exception_ptr(PeerLost(who));
}

TEST(Health, TheFirstFailureSticks) {
  Health health;
  EXPECT_FALSE(health.failed());
  health.check();
  EXPECT_TRUE(health.report(lost("rank 1")));
  EXPECT_FALSE(health.report(std::make_exception_ptr(TimeoutError("later"))));
  EXPECT_TRUE(health.failed());
  for (int i = 0; i < 2; ++i) {
    try {
      health.check();
      FAIL();
    } catch (const PeerLost& error) {
      EXPECT_STREQ(error.what(), "rank 1");
    }
  }
}

TEST(Health, ListenersHearOfItOnceAndBeforeAnybodyElse) {
  Health health;
  std::vector<std::string> heard;
  for (int i = 0; i < 2; ++i)
    health.on_failure([&](const std::exception& error) {
      EXPECT_FALSE(health.failed());
      heard.emplace_back(error.what());
    });
  health.report(lost("rank 1"));
  health.report(lost("rank 2"));
  EXPECT_EQ(heard, (std::vector<std::string>{"rank 1", "rank 1"}));
}

TEST(Health, ALaterReportWaitsForTheListenersOfTheFirst) {
  Health health;
  std::atomic<bool> listening{false}, done{false};
  health.on_failure([&](const std::exception&) {
    listening = true;
    std::this_thread::sleep_for(milliseconds(100));
    done = true;
  });
  std::thread first([&] { health.report(lost("rank 1")); });
  while (!listening) std::this_thread::yield();
  health.report(lost("rank 2"));
  EXPECT_TRUE(done);
  first.join();
}

TEST(Health, WhatIsNoStdExceptionIsKeptToo) {
  Health health;
  EXPECT_TRUE(health.report(std::make_exception_ptr(42)));
  EXPECT_THROW(health.check(), int);
}

TEST(PostMortem, WritesWhatHappenedOnce) {
  const TemporaryDirectory directory;
  PostMortem post_mortem(3, 8, "node07");
  post_mortem.set_directory(directory.path() / "post-mortem");
  post_mortem.add_section("calls", [] { return nlohmann::json::array({1, 2}); });
  const auto file = post_mortem.write(DataError("picture 17 is torn \xff"));
  EXPECT_EQ(file, directory.path() / "post-mortem" / "rank_0003.json");
  EXPECT_EQ(post_mortem.write(Error("later")), file);
  const auto report = nlohmann::json::parse(file_contents(file));
  EXPECT_EQ(report["rank"], 3);
  EXPECT_EQ(report["world_size"], 8);
  EXPECT_EQ(report["host"], "node07");
  EXPECT_EQ(report["pid"], getpid());
  EXPECT_EQ(report["error"]["kind"], "DataError");
  EXPECT_EQ(report["error"]["message"].get<std::string>().substr(0, 18), "picture 17 is torn");
  EXPECT_EQ(report["calls"], nlohmann::json::array({1, 2}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}), 1) << "nothing beside it";
}

TEST(PostMortem, WithoutADirectoryWritesNothing) {
  EXPECT_EQ(PostMortem(0, 1, "").write(std::runtime_error("x")), std::filesystem::path());
}

TEST(PostMortem, NeverThrows) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "file") << "in the way";
  PostMortem post_mortem(0, 1, "");
  post_mortem.set_directory(directory.path() / "file");
  EXPECT_EQ(post_mortem.write(std::runtime_error("x")), std::filesystem::path());
  PostMortem broken(0, 1, "");
  broken.set_directory(directory.path());
  broken.add_section("calls", []() -> nlohmann::json { throw std::runtime_error("a section that throws"); });
  EXPECT_TRUE(std::filesystem::exists(broken.write(std::runtime_error("x")))) << "the rest is still worth having";
}

TEST(Log, WritesLinesWithTimeLevelAndRankToItsFile) {
  const TemporaryDirectory directory;
  LogOptions options;
  options.rank = 5;
  options.host = "node07";
  options.file = directory.path() / "rank_0005.log";
  options.stderr_level = LogLevel::kError;
  configure_log(options);
  log_debug("not this");
  log_info("hello");
  log_warning("careful {}");
  flush_log();
  EXPECT_THROW(configure_log({.file = options.file / "a file is no directory.log"}), StorageError);
  log_info("still here");
  configure_log({});
  const std::string text = file_contents(options.file);
  EXPECT_EQ(text.find("not this"), std::string::npos);
  EXPECT_NE(text.find("Z info    [rank 5 node07] hello\n"), std::string::npos) << text;
  EXPECT_NE(text.find("warning [rank 5 node07] careful {}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("still here"), std::string::npos) << "a refused configuration changes nothing";
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(parse_log_level("warning"), LogLevel::kWarning);
  EXPECT_THROW(parse_log_level("loud"), UsageError);
}

TEST(Environment, DefaultsDoNotOverrideTheUser) {
  EXPECT_FALSE(environment_variable("SKEIN_TEST_VARIABLE"));
  set_default_environment("SKEIN_TEST_VARIABLE", "first");
  set_default_environment("SKEIN_TEST_VARIABLE", "second");
  EXPECT_EQ(environment_variable("SKEIN_TEST_VARIABLE"), "first");
  EXPECT_EQ(full_environment().at("SKEIN_TEST_VARIABLE"), "first");
  EXPECT_FALSE(host_name().empty());
}

TEST(Environment, KnowsItsLauncher) {
  set_default_environment("SLURM_JOB_ID", "4711");
  set_default_environment("SLURM_PROCID", "2");
  set_default_environment("SLURM_STEP_NUM_TASKS", "8");
  set_default_environment("SLURM_LOCALID", "x1");  // not a number
  LaunchEnvironment launch = launch_environment();
  EXPECT_EQ(launch.launcher, LaunchEnvironment::Launcher::kSlurm);
  EXPECT_EQ(launch.world_size, 8);
  EXPECT_FALSE(launch.local_rank);
  EXPECT_EQ(launch.recorded.at("SLURM_JOB_ID"), "4711");
  set_default_environment("OMPI_COMM_WORLD_SIZE", "4");
  set_default_environment("OMPI_COMM_WORLD_LOCAL_RANK", "1");
  launch = launch_environment();  // mpirun within a Slurm job
  EXPECT_EQ(launch.launcher, LaunchEnvironment::Launcher::kOpenMpi);
  EXPECT_EQ(launch.world_size, 4);
  EXPECT_EQ(launch.local_rank, 1);
}

TEST(Topology, SubsetsAreRenumberedInTheOrderGiven) {
  const Topology topology = Topology::of({2, 3});
  EXPECT_EQ(topology.world_size(), 5);
  EXPECT_EQ(topology.num_hosts(), 2);
  EXPECT_EQ(topology.max_local_size(), 3);
  EXPECT_EQ(topology.ranks_of_host(1), (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(topology.describe(3), "rank 3 (host1)");
  const Topology subset = topology.subset({4, 0, 2});
  EXPECT_EQ(subset.num_hosts(), 2);
  EXPECT_EQ(subset.members[0].host, 0);
  EXPECT_EQ(subset.members[0].host_name, "host1");
  EXPECT_EQ(subset.ranks_of_host(0), (std::vector<int>{0, 2}));
  EXPECT_EQ(topology.subset({3, 2}).describe(0), "rank 0") << "one host needs no name";
}

TEST(SharedRegion, IsSeenByWhoeverOpensIt) {
  const auto region = SharedRegion::create(100000);
  region->reserve(0, 100000);
  region->prefault(0, 100000);
  EXPECT_EQ(region->data()[99999], std::byte{0});
  const auto other = SharedRegion::open(getpid(), region->fd(), 100000);
  EXPECT_NE(other->data(), region->data());
  region->data()[99999] = std::byte{42};
  EXPECT_EQ(other->data()[99999], std::byte{42});
}

TEST(SharedRegion, SaysWhatItCannotDo) {
  EXPECT_THROW(SharedRegion::create(std::size_t{1} << 60), Error);
  try {
    SharedRegion::open(getpid(), 9999, 4096);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/fd/9999"), std::string::npos);
  }
}

TEST(Futex, WakesAndTimesOut) {
  std::atomic<std::uint32_t> word{0};
  const auto start = Clock::now();
  futex_wait(word, 0, milliseconds(30));
  EXPECT_GE(Clock::now() - start, milliseconds(25));
  futex_wait(word, 1, std::chrono::seconds(20));  // has changed already
  std::thread waker([&] {
    std::this_thread::sleep_for(milliseconds(30));
    word = 1;
    futex_wake_all(word);
  });
  while (word == 0) futex_wait(word, 0, std::chrono::seconds(20));
  waker.join();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace skein
