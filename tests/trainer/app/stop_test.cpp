// A training that is stopped from outside.

#include <csignal>
#include <thread>

#include "runtime/run/run_directory.h"
#include "tests/support/run_mpi.h"
#include "tests/trainer/app/trainer_run.h"
#include "trainer/stop_request.h"

namespace skein {
namespace {

class Stop : public TrainerTest {
 protected:
  /// Starts a training that would take very long and waits until it has done steps.
  Subprocess start(SubprocessOptions options) {
    options.stdout_file = options.stderr_file = directory() / "output";
    Subprocess process(options);
    const Deadline deadline = Deadline::after(std::chrono::seconds(100));
    while (!deadline.expired() &&
           file_contents(run_directory("long") / "metrics.jsonl").find("\"value\"") == std::string::npos)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return process;
  }
  std::vector<std::string> command() {
    write_image_folder(data(), 2, 8, 2);
    std::vector<std::string> words = flags("long", {"--epochs", "100000"});
    words.insert(words.begin(), trainer_program());
    return words;
  }
  /// Without mpirun.
  Subprocess start_alone() {
    SubprocessOptions options;
    options.argv = command();
    options.environment = environment_without_launcher();
    return start(options);
  }
  ExitStatus end_of(Subprocess& process) {
    const auto status = process.wait(Deadline::after(std::chrono::seconds(30)));
    EXPECT_TRUE(status.has_value()) << "still running";
    return status.value_or(ExitStatus{});
  }
  /// Of mpirun's two children, rank 0 holds the lease; the other one is rank 1.
  void signal_rank_1(const Subprocess& process, int signal_number) const {
    const auto lease = nlohmann::json::parse(file_contents(run_directory("long") / "lease.json"));
    const pid_t rank_0 = lease.at("pid");
    const std::string pid = std::to_string(process.pid());
    std::istringstream children(file_contents("/proc/" + pid + "/task/" + pid + "/children"));
    for (pid_t child = 0; children >> child;)
      if (child != rank_0) kill(child, signal_number);
  }
  std::string reason() const { return record("long").at("state_history").back().value("reason", ""); }
};

TEST_F(Stop, SigtermCancelsTheRun) {
  Subprocess process = start_alone();
  process.send_signal(SIGTERM);
  EXPECT_EQ(end_of(process).code, 128 + SIGTERM) << file_contents(directory() / "output");
  EXPECT_EQ(record("long").at("state"), "Canceled");
  EXPECT_NE(reason().find("SIGTERM"), std::string::npos);
}

TEST_F(Stop, ASigusr2ThatArrivesTwiceAtOnceCountsOnce) {
  Subprocess process = start_alone();
  process.send_signal(SIGUSR2);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));  // else the two are one
  process.send_signal(SIGUSR2);
  EXPECT_EQ(end_of(process).code, kPreemptedExitCode) << file_contents(directory() / "output");
  EXPECT_EQ(record("long").at("state"), "Preempted");
}

TEST_F(Stop, SigtermOfMpirunCancelsTheRun) {
  MpiJob job;
  job.program = command();
  Subprocess process = start(mpirun(job));
  process.send_signal(SIGTERM);
  EXPECT_FALSE(end_of(process).success());
  EXPECT_EQ(record("long").at("state"), "Canceled") << file_contents(directory() / "output");
}

TEST_F(Stop, SigtermOfOneRankCancelsTheRun) {
  MpiJob job;
  job.program = command();
  Subprocess process = start(mpirun(job));
  signal_rank_1(process, SIGTERM);
  EXPECT_EQ(end_of(process).code, 128 + SIGTERM) << file_contents(directory() / "output");
  EXPECT_EQ(record("long").at("state"), "Canceled") << file_contents(directory() / "output") << reason();
  const auto report = nlohmann::json::parse(file_contents(run_directory("long") / "post-mortem" / "rank_0001.json"));
  EXPECT_EQ(report.at("error").at("kind"), "Canceled");
  EXPECT_EQ(report.at("error").at("exit_code"), 128 + SIGTERM);
}

TEST_F(Stop, ADeadRankFailsTheRun) {
  MpiJob job;
  job.program = command();
  Subprocess process = start(mpirun(job));
  signal_rank_1(process, SIGKILL);
  EXPECT_FALSE(end_of(process).success());
  EXPECT_EQ(record("long").at("state"), "Failed") << file_contents(directory() / "output");
  EXPECT_NE(reason().find("rank 1"), std::string::npos) << reason();
  EXPECT_TRUE(std::filesystem::exists(run_directory("long") / "post-mortem" / "rank_0000.json"));
}

}  // namespace
}  // namespace skein
