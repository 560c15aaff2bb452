// run_writer RUNS_DIR RUN_ID: works on a run until it is killed, and says on standard output what it has
// already logged.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/run/run.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    skein::Run run({.runs_dir = argv[1], .experiment = "killed", .run_id = argv[2]}, {{"command", {"run_writer"}}});
    run.enter(skein::RunState::kRunning);
    for (int step = 0;; ++step) {
      run.log("train/loss", 1.0 / (step + 1), step, step / 20);
      const std::string said = std::to_string(step) + "\n";
      if (write(STDOUT_FILENO, said.data(), said.size()) < 0) return 1;
      if (step % 20 == 19) run.save_metrics();
      if (step % 50 == 49) run.note("step " + std::to_string(step));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
