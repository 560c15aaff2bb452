#include "trainer/requeue.h"

#include <cstdlib>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/subprocess.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr const char* kWayOut = "; go on with --resume auto";

/// "17", or "16_3" for a task of an array.
std::string job_name() {
  const auto array = environment_variable("SLURM_ARRAY_JOB_ID");
  const auto task = environment_variable("SLURM_ARRAY_TASK_ID");
  if (array && task) return concat(*array, "_", *task);
  return environment_variable("SLURM_JOB_ID").value_or("");
}

}  // namespace

void requeue_job(int max_requeues) noexcept try {
  const std::string count = environment_variable("SLURM_RESTART_COUNT").value_or("0");
  if (std::strtol(count.c_str(), nullptr, 10) >= max_requeues) {
    log_warning(concat("the job has been restarted ", count, " times, which --max-requeues allows no more", kWayOut));
    return;
  }
  log_info("requeues job " + job_name());
  flush_log();  // Slurm may kill this process while scontrol runs
  const CapturedRun run = run_captured({.argv = {"scontrol", "requeue", job_name()}}, Deadline::after(kPatience));
  if (!run.status.success())
    log_error(concat("scontrol requeue ", job_name(), ": ", run.status.describe(), ": ", run.standard_error, kWayOut));
} catch (const std::exception& error) {
  log_error(concat("the job is not requeued: ", error.what(), kWayOut));
}

}  // namespace skein
