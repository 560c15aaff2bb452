// What the trainer asks of Slurm and tells it. Slurm's programs are stand-ins.

#include <cstdlib>
#include <ctime>
#include <fstream>

#include "runtime/process/text.h"
#include "tests/trainer/app/trainer_run.h"
#include "trainer/stop_request.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class Slurm : public TrainerTest {
 protected:
  /// A PATH on which a shell script stands before any other program of its name.
  std::string path_with(const std::string& name, const std::string& script) const {
    fs::create_directories(directory() / "bin");
    std::ofstream(directory() / "bin" / name) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(directory() / "bin" / name, fs::perms::owner_all);
    return concat((directory() / "bin").string(), ":", std::getenv("PATH"));
  }
};

TEST_F(Slurm, StopsInTimeBeforeTheJobEnds) {
  write_image_folder(data(), 2, 8, 4);
  const std::string end = std::to_string(std::time(nullptr) + 34);  // the reserve is 30 s
  const CapturedRun run = train_alone(flags("slurm", {"--epochs", "100000"}), {{"SLURM_JOB_END_TIME", end}});
  EXPECT_EQ(run.status.code, kPreemptedExitCode) << run.standard_error;
  EXPECT_LT(std::time(nullptr), std::stol(end) - 20);
}

TEST_F(Slurm, AsksAnOlderSlurmWhenTheJobEnds) {
  write_image_folder(data(), 2, 8, 4);
  const std::string path = path_with("squeue", concat("[ $3 = 17 ] && date -d @", std::time(nullptr) + 34, " +%FT%T"));
  const CapturedRun run = train_alone(flags("older", {"--epochs", "100000"}), {{"PATH", path}, {"SLURM_JOB_ID", "17"}});
  EXPECT_EQ(run.status.code, kPreemptedExitCode) << run.standard_error;
}

TEST_F(Slurm, RequeuesAJobSoOftenAndNoMore) {
  write_image_folder(data(), 2, 8, 4);
  const fs::path asked = directory() / "asked";
  const std::string path = path_with("scontrol", concat("echo \"$@\" >> ", asked.string()));
  const auto stopped = [&](const std::string& id, const std::string& restarts) {
    return train_alone(flags(id, {"--epochs", "100000", "--max-time", "2", "--on-signal", "requeue", "--max-requeues", "3"}),
                       {{"PATH", path},
                        {"SLURM_JOB_ID", "17"},
                        {"SLURM_RESTART_COUNT", restarts}});
  };
  EXPECT_EQ(stopped("third", "2").status.code, kPreemptedExitCode);
  EXPECT_EQ(file_contents(asked), "requeue 17\n");
  const CapturedRun last = stopped("fourth", "3");
  EXPECT_EQ(last.status.code, kPreemptedExitCode);
  EXPECT_EQ(file_contents(asked), "requeue 17\n") << "not again";
  EXPECT_NE(last.standard_error.find("--max-requeues"), std::string::npos) << last.standard_error;
}

}  // namespace
}  // namespace skein
