#pragma once
// The Slurm job that this process belongs to: when it ends, and starting it again.

#include <optional>

namespace skein {

/// When Slurm will end the job, in seconds since 1970: SLURM_JOB_END_TIME, which exists from Slurm 23.02 on, or else what
/// squeue says. None outside of a job, without a limit, and where squeue does not answer. Blocks for up to 20 s; never throws.
std::optional<double> job_end_time() noexcept;

/// Runs `scontrol requeue` for the job that this process belongs to, unless Slurm has restarted it `max_requeues` times
/// (SLURM_RESTART_COUNT). What goes wrong is logged: the checkpoint is there, whoever resumes it. Never throws.
void requeue_job(int max_requeues) noexcept;

}  // namespace skein
