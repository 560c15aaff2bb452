#include "trainer/slurm_job.h"

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

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

/// As Slurm prints it, in local time: 2026-05-01T12:00:00. None for NONE, N/A and the like.
std::optional<double> parse_time(const std::string& text) {
  std::tm time{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return std::nullopt;
  time.tm_isdst = -1;
  return static_cast<double>(std::mktime(&time));
}

/// What one of Slurm's programs prints. Throws Error when it fails.
std::string ask_slurm(const std::vector<std::string>& words) {
  const CapturedRun run = run_captured({.argv = words}, Deadline::after(kPatience));
  if (!run.status.success()) throw Error(concat(words.front(), ": ", run.status.describe(), ": ", run.standard_error));
  return run.standard_output;
}

}  // namespace

std::optional<double> job_end_time() noexcept try {
  if (const auto end = environment_variable("SLURM_JOB_END_TIME")) return std::strtod(end->c_str(), nullptr);
  if (job_name().empty()) return std::nullopt;
  return parse_time(ask_slurm({"squeue", "--noheader", "--jobs", job_name(), "--format", "%e"}));
} catch (const std::exception& error) {
  log_warning(concat("nobody says when the job ends: ", error.what()));
  return std::nullopt;
}

void requeue_job(int max_requeues) noexcept try {
  const std::string count = environment_variable("SLURM_RESTART_COUNT").value_or("0");
  if (std::strtol(count.c_str(), nullptr, 10) >= max_requeues) {
    log_warning(concat("the job has been restarted ", count, " times, which --max-requeues allows no more", kWayOut));
    return;
  }
  log_info("requeues job " + job_name());
  flush_log();  // Slurm may kill this process while scontrol runs
  ask_slurm({"scontrol", "requeue", job_name()});
} catch (const std::exception& error) {
  log_error(concat("job ", job_name(), " is not requeued: ", error.what(), kWayOut));
}

}  // namespace skein
