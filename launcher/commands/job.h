#pragma once
// What the commands that start ranks have in common: where the ranks go, and mpirun.

#include <filesystem>
#include <string>

#include "launcher/command_list.h"
#include "launcher/launch_plan.h"
#include "runtime/options/option_table.h"

namespace skein {

struct JobOptions {
  std::string hosts;
  std::filesystem::path hostfile;
  bool dry_run = false;
  LaunchRequest request;  ///< its hosts are filled in by start_job
};

/// Adds --num-ranks, --host, --hostfile, --oversubscribe, --export and --dry-run.
void declare_job(OptionTable& table, JobOptions& options);

/// Starts `options.request.program` on the ranks asked for, or prints the call of mpirun with --dry-run; returns the
/// exit code. `command` speaks in messages: "skein run". Throws UsageError or ConfigError for what cannot be started.
int start_job(const std::string& command, const CommandContext& context, JobOptions options);

}  // namespace skein
