// skein run: starts a program on N ranks through mpirun.

#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/host_list.h"
#include "launcher/launch_plan.h"
#include "launcher/program_finder.h"
#include "launcher/supervisor.h"
#include "runtime/options/option_table.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

struct RunCommandOptions {
  std::string hosts;
  std::filesystem::path hostfile;
  bool dry_run = false;
  LaunchRequest request;
};

void declare(OptionTable& table, RunCommandOptions& options) {
  table
      .add("--num-ranks,-np,-n", options.request.num_ranks,
           "ranks; without it all slots of the hosts, or of the Slurm allocation")
      .at_least(1)
      .unit("N");
  table.add("--host,-H", options.hosts, "hosts and their slots; this host unless given").unit("NAME:SLOTS,...");
  table.add("--hostfile", options.hostfile, "file of hosts, `name slots=N` a line").unit("FILE");
  table.add("--oversubscribe", options.request.oversubscribe, "allow more ranks than slots");
  table.add("--export,-x", options.request.exported, "environment variable for all ranks; may be repeated")
      .unit("NAME[=VALUE]")
      .unsplit();
  table.add("--dry-run", options.dry_run, "print the call of mpirun instead of making it");
  table.rest("-- PROGRAM [ARGS...]", options.request.program,
             "what to start; a name without a slash is looked for beside skein, then in PATH");
}

HostList hosts_of(const RunCommandOptions& options) {
  if (!options.hosts.empty() && !options.hostfile.empty())
    throw UsageError("both --host and --hostfile are given", "keep one of them");
  if (!options.hostfile.empty()) return read_hostfile(options.hostfile);
  return options.hosts.empty() ? HostList() : parse_hosts(options.hosts);
}

int start(const LaunchPlan& plan, std::map<std::string, std::string> environment) {
  for (const auto& [name, value] : plan.environment) environment[name] = value;
  const ExitStatus status = supervise(plan.argv, environment);
  if (!status.success()) std::cerr << "skein run: the job ended with " << status.describe() << "\n";
  return status.shell_code();
}

}  // namespace

int run_command(const CommandContext& context, const std::vector<std::string>& words) {
  RunCommandOptions options;
  OptionTable table("skein run", "Starts a program on several ranks through mpirun, with sane placement and binding.",
                    context.version);
  declare(table, options);
  if (const ParseResult result = table.parse(words); result.action == ParseResult::Action::kPrint) {
    std::cout << result.text;
    return 0;
  }
  options.request.hosts = hosts_of(options);
  const auto environment = full_environment();
  if (!options.request.program.empty()) {
    std::string& program = options.request.program.front();
    program = find_program(program, context.directory, environment_variable("PATH").value_or("")).string();
  }
  const LaunchPlan plan = plan_launch(options.request, environment);
  if (!options.dry_run) return start(plan, environment);
  std::cout << shell_text(plan) << "\n";
  return 0;
}

}  // namespace skein
