#include "launcher/commands/job.h"

#include <iostream>

#include "launcher/host_addresses.h"
#include "launcher/host_list.h"
#include "launcher/program_finder.h"
#include "launcher/supervisor.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

HostList hosts_of(const JobOptions& options) {
  if (!options.hosts.empty() && !options.hostfile.empty())
    throw UsageError("both --host and --hostfile are given", "keep one of them");
  if (!options.hostfile.empty()) return read_hostfile(options.hostfile);
  return options.hosts.empty() ? HostList() : parse_hosts(options.hosts);
}

/// mpirun's own words for a host that does not exist are many, and name none. Where it has an agent in the place of ssh,
/// names are that one's.
void name_unknown_hosts(const std::string& command, const JobOptions& options) {
  if (environment_variable("OMPI_MCA_plm_rsh_agent")) return;
  for (const std::string& name : hosts_without_address(options.request.hosts))
    std::cerr << command << ": this machine finds no address for the host '" << name << "'\n  remedy: correct the name in "
              << (options.hostfile.empty() ? "--host" : options.hostfile.string())
              << ", unless it is one that ssh has in its configuration\n";
}

int start(const std::string& command, const LaunchPlan& plan, std::map<std::string, std::string> environment,
          const JobOptions& options) {
  for (const auto& [name, value] : plan.environment) environment[name] = value;
  const ExitStatus status = supervise(plan.argv, environment);
  if (status.success()) return status.shell_code();
  std::cerr << command << ": the job ended with " << status.describe() << "\n";
  name_unknown_hosts(command, options);
  return status.shell_code();
}

}  // namespace

void declare_job(OptionTable& table, JobOptions& options) {
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
}

int start_job(const std::string& command, const CommandContext& context, JobOptions options) {
  options.request.hosts = hosts_of(options);
  const auto environment = full_environment();
  if (!options.request.program.empty()) {
    std::string& program = options.request.program.front();
    program = find_program(program, context.directory, environment_variable("PATH").value_or("")).string();
  }
  const LaunchPlan plan = plan_launch(options.request, environment);
  if (!options.dry_run) return start(command, plan, environment, options);
  std::cout << shell_text(plan) << "\n";
  return 0;
}

}  // namespace skein
