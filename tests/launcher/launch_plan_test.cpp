#include "launcher/launch_plan.h"

#include <gtest/gtest.h>

#include "runtime/process/shell_text.h"
#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

constexpr const char* kPlacement = " --bind-to none --map-by slot --mca mpi_yield_when_idle 1 ";
constexpr const char* kPlacementOnSeveral =
    " --bind-to none --map-by slot --mca mpi_yield_when_idle 1 --mca oob_tcp_keepalive_time 2 "
    "--mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 7 ";

LaunchRequest request(std::optional<int> num_ranks, const std::string& hosts = "") {
  return {.num_ranks = num_ranks,
          .hosts = hosts.empty() ? HostList() : parse_hosts(hosts),
          .program = {"trainer", "--lr", "0.1"}};
}

std::string text(const LaunchRequest& wanted, const std::map<std::string, std::string>& environment = {}) {
  return shell_text(plan_launch(wanted, environment));
}

TEST(LaunchPlan, ThisHost) {
  EXPECT_EQ(text(request(2)), concat("mpirun -np 2 -H localhost:2", kPlacement, "trainer --lr 0.1"));
}

TEST(LaunchPlan, SeveralHosts) {
  EXPECT_EQ(text(request(3, "a:2,b:2")), concat("mpirun -np 3 -H a:2,b:1", kPlacementOnSeveral, "trainer --lr 0.1"));
  EXPECT_EQ(text(request(2, "a:2,b:2")), concat("mpirun -np 2 -H a:2", kPlacement, "trainer --lr 0.1"));
  EXPECT_EQ(text(request({}, "a:2,b:2")), concat("mpirun -np 4 -H a:2,b:2", kPlacementOnSeveral, "trainer --lr 0.1"));
}

TEST(LaunchPlan, HostsWhoseSlotsOnlyMpirunKnows) {
  LaunchRequest unknown = request({});
  unknown.hosts = {{"a", {}, {}}, {"b", 2, {}}};
  EXPECT_EQ(text(unknown), concat("mpirun -H 'a:*,b:2'", kPlacementOnSeveral, "trainer --lr 0.1"));
  unknown.num_ranks = 99;
  EXPECT_NO_THROW(text(unknown));
}

TEST(LaunchPlan, SlurmKnowsTheHosts) {
  const std::map<std::string, std::string> slurm{{"SLURM_JOB_ID", "7"}};
  EXPECT_EQ(text(request({}), slurm), concat("mpirun", kPlacementOnSeveral, "trainer --lr 0.1"));
  EXPECT_EQ(text(request(4), slurm), concat("mpirun -np 4", kPlacementOnSeveral, "trainer --lr 0.1"));
  EXPECT_EQ(text(request(1, "a"), slurm), concat("mpirun -np 1 -H a:1", kPlacement, "trainer --lr 0.1"));
}

TEST(LaunchPlan, TheUsersOwnChoiceOfYieldingStays) {
  const std::string chosen = text(request(2), {{"OMPI_MCA_mpi_yield_when_idle", "0"}});
  EXPECT_EQ(chosen.find("yield"), std::string::npos) << chosen;
}

TEST(LaunchPlan, TheUsersOwnChoiceOfProbesStays) {
  const std::string chosen = text(request(4, "a:2,b:2"), {{"OMPI_MCA_oob_tcp_keepalive_time", "60"}});
  EXPECT_EQ(chosen.find("keepalive_time"), std::string::npos) << chosen;
  EXPECT_NE(chosen.find("keepalive_probes 7"), std::string::npos) << chosen;
}

TEST(LaunchPlan, VariablesForAllRanks) {
  LaunchRequest wanted = request(1);
  wanted.exported = {"A=1 2", "B", "OMP_NUM_THREADS=3"};
  const LaunchPlan plan =
      plan_launch(wanted, {{"B", "x"}, {"OMP_NUM_THREADS", "4"}, {"LD_LIBRARY_PATH", "/l"}, {"HOME", "/h"}});
  EXPECT_EQ(plan.environment, (std::map<std::string, std::string>{{"A", "1 2"}, {"OMP_NUM_THREADS", "3"}}));
  EXPECT_NE(shell_text(plan).find(" -x LD_LIBRARY_PATH -x OMP_NUM_THREADS -x A -x B trainer"), std::string::npos)
      << shell_text(plan);
  EXPECT_TRUE(shell_text(plan).starts_with("A='1 2' OMP_NUM_THREADS=3 mpirun "));
  wanted.exported = {"UNSET"};
  EXPECT_ERROR(UsageError, "-x UNSET: this variable is not set", plan_launch(wanted, {}));
}

TEST(LaunchPlan, MoreRanksThanSlots) {
  EXPECT_ERROR(UsageError, "-np 5: the hosts a:2,b:2 have 4 slots", text(request(5, "a:2,b:2")));
  LaunchRequest wanted = request(5, "a:2,b:2");
  wanted.oversubscribe = true;
  EXPECT_NE(text(wanted).find("-np 5 -H a:3,b:2 --bind-to none --map-by slot:OVERSUBSCRIBE"), std::string::npos)
      << text(wanted);
  wanted.hosts[0].max_slots = 2;
  EXPECT_NE(text(wanted).find("-np 5 -H a:2,b:3 "), std::string::npos)
      << text(wanted) << ": only the other host has room";
  wanted.hosts[1].max_slots = 2;
  EXPECT_ERROR(UsageError, "-np 5: the hosts allow 4 ranks (max_slots)", text(wanted));
}

TEST(LaunchPlan, RequestsThatMakeNoSense) {
  EXPECT_ERROR(UsageError, "how many ranks?", text(request({})));
  EXPECT_ERROR(UsageError, "-np 0", text(request(0)));
  LaunchRequest nothing = request(2);
  nothing.program.clear();
  EXPECT_ERROR(UsageError, "no program to run", text(nothing));
}

TEST(LaunchPlan, Quoting) {
  EXPECT_EQ(shell_quoted("plain-1.0/x=y"), "plain-1.0/x=y");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace skein
