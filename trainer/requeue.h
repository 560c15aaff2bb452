#pragma once
// A preempted Slurm job starts again.

namespace skein {

/// Runs `scontrol requeue` for the job that this process belongs to, unless Slurm has restarted it `max_requeues` times
/// (SLURM_RESTART_COUNT). What goes wrong is logged: the checkpoint is there, whoever resumes it. Never throws.
void requeue_job(int max_requeues) noexcept;

}  // namespace skein
