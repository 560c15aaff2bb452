// Trainings that are stopped, killed and resumed.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>

#include "runtime/process/text.h"
#include "runtime/run/run_directory.h"
#include "tests/support/run_mpi.h"
#include "tests/trainer/app/trainer_run.h"
#include "trainer/stop_request.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class Resume : public TrainerTest {
 protected:
  /// Checkpoints as often as can be.
  std::vector<std::string> often(const std::string& id, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--checkpoint-seconds", "0.001", "--epochs", "4", "--seed", "5"});
    return flags(id, more);
  }
  std::string model(const std::string& id) const { return file_contents(run_directory(id) / "outputs/model.safetensors"); }
  std::string best(const std::string& id) const { return file_contents(run_directory(id) / "outputs/model_best.safetensors"); }

  Subprocess start(int num_ranks, const std::vector<std::string>& flags, const std::string& output) const {
    MpiJob job;
    job.num_ranks = num_ranks;
    job.program = {trainer_program()};
    job.program.insert(job.program.end(), flags.begin(), flags.end());
    SubprocessOptions options = mpirun(job);
    options.stdout_file = options.stderr_file = directory() / output;
    return Subprocess(options);
  }
  void wait_for_steps(const std::string& id, std::size_t num_steps) const {
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (!deadline.expired() && read_metric_log(run_directory(id) / "metrics.jsonl").metrics["train/step_loss"].num_points() < num_steps)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  void wait_for_state(const std::string& id, const std::string& state) const {
    const Deadline deadline = Deadline::after(std::chrono::seconds(60));
    while (!deadline.expired() && !(fs::exists(run_directory(id) / "run.json") && record(id).at("state") == state))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  /// From its first metric to its last.
  double seconds_running(const std::string& id) const {
    const auto log = read_metric_log(run_directory(id) / "metrics.jsonl").metrics;
    return log.at("val/loss").times.back() - log.at("train/step_loss").times.front();
  }
  std::vector<pid_t> ranks_of(const Subprocess& process) const {
    const std::string pid = std::to_string(process.pid());
    std::istringstream children(file_contents("/proc/" + pid + "/task/" + pid + "/children"));
    std::vector<pid_t> ranks;
    for (pid_t child = 0; children >> child;) ranks.push_back(child);
    return ranks;
  }
  int code_of(Subprocess& process) const {
    const auto status = process.wait(Deadline::after(std::chrono::seconds(60)));
    EXPECT_TRUE(status.has_value()) << "still running";
    return status.value_or(ExitStatus{}).shell_code();
  }
  /// The metric of every step, each once.
  std::vector<double> step_losses(const std::string& id) const {
    return read_metric_log(run_directory(id) / "metrics.jsonl").metrics["train/step_loss"].values;
  }
};

/// How often a training is interrupted at a random moment; SKEIN_TEST_INTERRUPTIONS for more.
int num_interruptions() {
  const char* const text = std::getenv("SKEIN_TEST_INTERRUPTIONS");
  return text == nullptr ? 4 : std::stoi(text);
}

/// Moments of a training that takes `seconds`, evenly distributed, the same each time.
std::vector<double> random_moments(double seconds) {
  std::mt19937 engine(11);
  std::uniform_real_distribution<double> any(0, seconds);
  std::vector<double> moments(num_interruptions());
  for (double& moment : moments) moment = any(engine);
  return moments;
}

TEST_F(Resume, AfterAKillAtAnyMomentTheModelIsTheUninterruptedOne) {
  write_image_folder(data(), 2, 19, 9);
  ASSERT_TRUE(succeeded(train(2, often("whole"))));
  const std::size_t num_steps = step_losses("whole").size();
  int number = 0;
  int num_killed = 0;
  for (const double moment : random_moments(seconds_running("whole"))) {
    const std::string id = concat("killed_", ++number);
    const std::vector<std::string> words = often(id, {"--resume", "auto"});
    {
      Subprocess process = start(2, words, id);
      wait_for_state(id, "Running");
      std::this_thread::sleep_for(std::chrono::duration<double>(moment));
      for (const pid_t rank : ranks_of(process)) kill(rank, SIGKILL);
      num_killed += code_of(process) != 0 ? 1 : 0;
    }
    ASSERT_TRUE(succeeded(train(2, words))) << id;
    EXPECT_TRUE(model(id) == model("whole")) << id << ", killed after " << moment << " s";
    EXPECT_TRUE(best(id) == best("whole")) << id;
    EXPECT_EQ(step_losses(id), step_losses("whole")) << "every one of " << num_steps << " steps is recorded once";
    EXPECT_EQ(record(id).at("state"), "Completed");
  }
  EXPECT_GE(num_killed, num_interruptions() / 2);
}

TEST_F(Resume, ASignalToOneRankAtAnyMomentStopsAllAtTheSameStep) {
  write_image_folder(data(), 2, 19, 9);
  ASSERT_TRUE(succeeded(train(2, often("whole"))));
  int number = 0;
  int num_stopped = 0;
  for (const double moment : random_moments(seconds_running("whole"))) {
    const int signal_number = ++number % 2 == 0 ? SIGUSR2 : SIGINT;
    const std::string id = concat("stopped_", number);
    const std::vector<std::string> words = often(id, {"--resume", "auto"});
    Subprocess process = start(2, words, id);
    wait_for_state(id, "Running");
    std::this_thread::sleep_for(std::chrono::duration<double>(moment));
    const std::vector<pid_t> ranks = ranks_of(process);
    if (!ranks.empty()) kill(ranks.back(), signal_number);
    const int code = code_of(process);
    if (code != 0) {  // else it came too late
      ++num_stopped;
      ASSERT_EQ(code, kPreemptedExitCode) << moment << " s: " << file_contents(directory() / id);
      EXPECT_EQ(record(id).at("state"), "Preempted");
      ASSERT_TRUE(succeeded(train(2, words))) << id;
    }
    EXPECT_TRUE(model(id) == model("whole")) << id << ", stopped after " << moment << " s";
    EXPECT_EQ(step_losses(id), step_losses("whole"));
  }
  EXPECT_GE(num_stopped, num_interruptions() / 2);
}

TEST_F(Resume, ASecondSignalEndsAtOnce) {
  write_image_folder(data(), 2, 8, 2);
  const std::vector<std::string> words = flags("twice", {"--epochs", "100000"});
  Subprocess process = start(1, words, "output");
  wait_for_steps("twice", 1);
  const pid_t rank = ranks_of(process).front();
  kill(rank, SIGSTOP);  // so that both are there when it looks
  kill(rank, SIGUSR2);
  kill(rank, SIGINT);
  kill(rank, SIGCONT);
  const int code = code_of(process);
  EXPECT_TRUE(code == 128 + SIGUSR2 || code == 128 + SIGINT) << code << file_contents(directory() / "output");
  EXPECT_EQ(record("twice").at("state"), "Canceled");
}

/// With frozen BatchNorm and tiny steps the loss of a step depends on its images alone, up to rounding.
TEST_F(Resume, GoesOnWithAnotherNumberOfRanksOverTheSameImages) {
  write_image_folder(data(), 2, 30, 9);
  const auto words = [&](const std::string& id, const std::string& batch_size) {
    return often(id, {"--resume", "auto", "--batch-size", batch_size, "--freeze-norm", "--lr", "1e-6"});
  };
  ASSERT_TRUE(succeeded(train(1, words("whole", "6"))));
  int num_ranks = 2;
  for (const std::size_t num_steps : {4u, 24u}) {
    Subprocess process = start(num_ranks, words("changing", std::to_string(6 / num_ranks)), "output");
    wait_for_steps("changing", num_steps);
    kill(ranks_of(process).front(), SIGUSR2);
    ASSERT_EQ(code_of(process), kPreemptedExitCode) << file_contents(directory() / "output");
    ++num_ranks;
  }
  const CapturedRun last = train(1, words("changing", "6"));
  ASSERT_TRUE(succeeded(last));
  EXPECT_NE(last.standard_output.find("goes on from"), std::string::npos) << last.standard_output;
  EXPECT_EQ(record("changing").at("attempts"), 3);
  const std::vector<double> expected = step_losses("whole");
  const std::vector<double> losses = step_losses("changing");
  ASSERT_EQ(losses.size(), expected.size());
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 1e-4 * expected[i]) << "step " << i + 1;
}

TEST_F(Resume, WithCompressionAndSynchronizedBatchNorm) {
  write_image_folder(data(), 2, 19, 9);
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--compression", "powersgd", "--powersgd-rank", "2", "--compression-start", "2", "--sync-bn"},
           {"--compression", "topk", "--optimizer-state", "replicated"}}) {
    const std::string method = more[1];
    const auto words = [&](const std::string& id, const std::string& resume) {
      std::vector<std::string> all = flags(id, more);
      if (!resume.empty()) all.insert(all.end(), {"--resume", resume});
      return all;
    };
    ASSERT_TRUE(succeeded(train(2, words("whole_" + method, ""))));
    Subprocess process = start(2, words(method, "auto"), "output");
    wait_for_steps(method, 6);
    kill(ranks_of(process).front(), SIGUSR2);
    ASSERT_EQ(code_of(process), kPreemptedExitCode) << file_contents(directory() / "output");
    const std::string checkpoints = (run_directory(method) / "outputs/checkpoints").string();
    EXPECT_TRUE(succeeded(train(1, words("alone_" + method, checkpoints)))) << "with another number of ranks";
    EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", checkpoints})), 4, {"compression", "--compression"}));
    const CapturedRun rest = train(2, words(method, "auto"));
    ASSERT_TRUE(succeeded(rest));
    EXPECT_NE(rest.standard_output.find("compression: "), std::string::npos) << rest.standard_output;
    EXPECT_TRUE(model(method) == model("whole_" + method));
    EXPECT_EQ(step_losses(method), step_losses("whole_" + method));
  }
}

TEST_F(Resume, TakesTheCheckpointBeforeADamagedOne) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(often("first"))));
  const fs::path folder = run_directory("first") / "outputs/checkpoints";
  std::vector<fs::path> checkpoints(fs::directory_iterator(folder), {});
  ASSERT_EQ(checkpoints.size(), 2u);
  std::sort(checkpoints.begin(), checkpoints.end());
  fs::resize_file(checkpoints[1] / "manifest.json", 100);
  const CapturedRun run = train_alone(flags("second", {"--epochs", "4", "--seed", "5", "--resume", folder.string()}));
  ASSERT_TRUE(succeeded(run));
  EXPECT_NE(run.standard_error.find("not taken: " + (checkpoints[1] / "manifest.json").string()), std::string::npos) << run.standard_error;
  EXPECT_TRUE(model("second") == model("first"));
}

TEST_F(Resume, StopsInTimeBeforeItsLimit) {
  write_image_folder(data(), 2, 8, 4);
  const CapturedRun run = train_alone(flags("limited", {"--epochs", "100000", "--max-time", "3"}));
  EXPECT_EQ(run.status.code, kPreemptedExitCode) << run.standard_error;
  EXPECT_EQ(record("limited").at("state"), "Preempted");
  EXPECT_NE(record("limited").at("reason").get<std::string>().find("time limit is near"), std::string::npos);
}

TEST_F(Resume, KeepsTheBestCheckpoint) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(
      flags("best", {"--epochs", "5", "--checkpoint-seconds", "0", "--keep-checkpoints", "1", "--keep-best", "1"}))));
  double best = -1;
  std::int64_t step_of_best = 0;
  const auto accuracy = read_metric_log(run_directory("best") / "metrics.jsonl").metrics.at("val/accuracy");
  for (std::size_t i = 0; i + 1 < accuracy.num_points(); ++i)  // the last is kept anyway; of equals the newest
    if (accuracy.values[i] >= best) {
      best = accuracy.values[i];
      step_of_best = accuracy.steps[i];
    }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run_directory("best") / "outputs/checkpoints"))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(std::stol(names[0].substr(5)), step_of_best);
  EXPECT_EQ(names[1], "step_000000020");
}

TEST_F(Resume, SaysWhatIsOtherThanBefore) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(flags("first", {"--epochs", "1"}))));
  const std::string path = run_directory("first").string();
  const CapturedRun run = train_alone(flags("second", {"--epochs", "2", "--lr", "0.01", "--batch-size", "2", "--resume", path}));
  ASSERT_TRUE(succeeded(run));
  for (const char* line : {"goes on with --lr 0.01 instead of ", "goes on with --batch-size 2 instead of 4", "goes on with --epochs 2 instead of 1"})
    EXPECT_NE(run.standard_output.find(line), std::string::npos) << line << "\n" << run.standard_output;
  EXPECT_EQ(run.standard_output.find("--run-id"), std::string::npos) << run.standard_output;
}

TEST_F(Resume, RefusesWhatDoesNotFit) {
  write_image_folder(data(), 2, 8, 4);
  ASSERT_TRUE(succeeded(train_alone(flags("first"))));
  const std::string path = (run_directory("first")).string();
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", path, "--opt", "adamw"})), 4, {"optimizer \"sgd\"", "--resume"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", path, "--momentum", "0"})), 4, {"optimizer_state", "--momentum"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", path, "--seed", "9"})), 4, {"seed", "--seed"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", path, "--model", "resnet34"})), 4, {"resnet18"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", (directory() / "nowhere").string()})), 2, {"nowhere is no folder"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--on-signal", "requeue"})), 2, {"SLURM_JOB_ID"}));
  EXPECT_TRUE(refused(train_alone(flags("other", {"--resume", path})), 2, {"--epochs", "behind it"}));
  EXPECT_FALSE(fs::exists(run_directory("other")));
}

}  // namespace
}  // namespace skein
