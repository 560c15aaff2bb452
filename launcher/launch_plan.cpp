#include "launcher/launch_plan.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "runtime/process/shell_text.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr const char* kYieldVariable = "OMPI_MCA_mpi_yield_when_idle";
/// Without these a rank on another host would not behave as one on this host. mpirun hands on its own
/// variables by itself.
constexpr std::array kHandedOn = {"LD_LIBRARY_PATH",  "OMP_NUM_THREADS", "SKEIN_LINK_PROFILE", "SKEIN_NETWORK_INTERFACES",
                                  "SKEIN_TIMELINE", "SKEIN_TIMELINE_PAUSED", "SKEIN_TIMEOUT", "SKEIN_WARN_AFTER"};

bool in_slurm(const Environment& environment) {
  return environment.contains("SLURM_JOB_ID");
}

std::string describe(const HostList& hosts) {
  std::string text;
  for (const Host& host : hosts) {
    text += (text.empty() ? "" : ",") + host.name;
    text += host.slots ? concat(":", *host.slots) : ":*";
  }
  return text;
}

void check_slots(const LaunchRequest& request) {
  const auto slots = total_slots(request.hosts);
  if (request.hosts.empty() || request.oversubscribe || !slots || request.num_ranks.value_or(1) <= *slots) return;
  throw UsageError(
      concat("-np ", *request.num_ranks, ": the hosts ", describe(request.hosts), " have ", *slots, " slots"),
      concat("use -np ", *slots, ", add hosts or slots, or add --oversubscribe"));
}

/// Gives the hosts another `num_ranks` of ranks in turns, each no more than its max_slots.
void place_surplus(int num_ranks, HostList& placed) {
  const auto has_room = [](const Host& host) { return !host.max_slots || *host.slots < *host.max_slots; };
  while (num_ranks > 0) {
    const int before = num_ranks;
    for (Host& host : placed) {
      if (num_ranks == 0 || !has_room(host)) continue;
      ++*host.slots;
      --num_ranks;
    }
    if (num_ranks < before) continue;
    const int limit = *total_slots(placed);
    throw UsageError(concat("-np ", limit + num_ranks, ": the hosts allow ", limit, " ranks (max_slots)"),
                     concat("use -np ", limit, " or fewer, or raise max_slots"));
  }
}

/// The hosts with the ranks that each gets as its slots: all its slots before the next host's turn, then the surplus
/// evenly. Unchanged where mpirun has to place the ranks, because the slots of some host are not known here.
HostList place(const LaunchRequest& request) {
  const auto slots = total_slots(request.hosts);
  if (!slots || !request.num_ranks || request.hosts.empty()) return request.hosts;
  int left = *request.num_ranks;
  HostList placed;
  for (Host host : request.hosts) {
    host.slots = std::min(*host.slots, left);
    left -= *host.slots;
    placed.push_back(host);
  }
  place_surplus(left, placed);
  std::erase_if(placed, [](const Host& host) { return host.slots == 0; });
  return placed;
}

void check_request(const LaunchRequest& request, const Environment& environment) {
  if (request.program.empty())
    throw UsageError("no program to run", "add it after the options: skein run -np 2 -- trainer ...");
  if (request.num_ranks && *request.num_ranks < 1) throw UsageError(concat("-np ", *request.num_ranks, ": at least 1"));
  if (!request.num_ranks && request.hosts.empty() && !in_slurm(environment))
    throw UsageError("how many ranks?", "add -np N");
  check_slots(request);
}

/// The value of mpirun's -H; empty where mpirun knows the hosts by itself.
std::string host_argument(const LaunchRequest& request, const Environment& environment) {
  if (!request.hosts.empty()) return describe(place(request));
  return in_slurm(environment) ? "" : concat("localhost:", *request.num_ranks);
}

void append(std::vector<std::string>& argv, std::initializer_list<std::string> words) {
  argv.insert(argv.end(), words.begin(), words.end());
}

/// Empty when mpirun shall fill all slots, whose number only it knows.
std::optional<int> rank_argument(const LaunchRequest& request) {
  if (request.num_ranks || request.hosts.empty()) return request.num_ranks;
  return total_slots(request.hosts);
}

/// Whether ranks may come to lie on more than one host.
bool may_be_several_hosts(const LaunchRequest& request, const Environment& environment) {
  return request.hosts.empty() ? in_slurm(environment) : place(request).size() > 1;
}

/// mpirun would notice after many minutes only that a host is lost. Now it does after 9 s: ranks notice, and say so, first.
void add_keepalive(const Environment& environment, LaunchPlan& plan) {
  constexpr std::array<std::array<const char*, 2>, 3> kProbes = {
      {{"oob_tcp_keepalive_time", "2"}, {"oob_tcp_keepalive_intvl", "1"}, {"oob_tcp_keepalive_probes", "7"}}};
  for (const auto& [name, value] : kProbes)
    if (!environment.contains(concat("OMPI_MCA_", name))) append(plan.argv, {"--mca", name, value});
}

/// Sets what was given with a value, and tells mpirun to hand the variables on to the ranks of other hosts
/// too.
void export_variables(const LaunchRequest& request, const Environment& environment, LaunchPlan& plan) {
  std::vector<std::string> names;
  for (const char* name : kHandedOn)
    if (environment.contains(name)) names.emplace_back(name);
  for (const std::string& variable : request.exported) {
    const auto equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    if (equals != std::string::npos)
      plan.environment[name] = variable.substr(equals + 1);
    else if (!environment.contains(name))
      throw UsageError(concat("-x ", name, ": this variable is not set"),
                       concat("export it, or write -x ", name, "=VALUE"));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const std::string& name : names) append(plan.argv, {"-x", name});
}

}  // namespace

LaunchPlan plan_launch(const LaunchRequest& request, const Environment& environment) {
  check_request(request, environment);
  LaunchPlan plan;
  plan.argv = {"mpirun"};
  const std::string hosts = host_argument(request, environment);
  if (const auto num_ranks = rank_argument(request)) append(plan.argv, {"-np", concat(*num_ranks)});
  if (!hosts.empty()) append(plan.argv, {"-H", hosts});
  append(plan.argv, {"--bind-to", "none", "--map-by", request.oversubscribe ? "slot:OVERSUBSCRIBE" : "slot"});
  if (!environment.contains(kYieldVariable)) append(plan.argv, {"--mca", "mpi_yield_when_idle", "1"});
  if (may_be_several_hosts(request, environment)) add_keepalive(environment, plan);
  export_variables(request, environment, plan);
  plan.argv.insert(plan.argv.end(), request.program.begin(), request.program.end());
  return plan;
}

std::string shell_text(const LaunchPlan& plan) {
  std::string text;
  for (const auto& [name, value] : plan.environment) text += concat(name, "=", shell_quoted(value), " ");
  for (std::size_t i = 0; i < plan.argv.size(); ++i) text += (i == 0 ? "" : " ") + shell_quoted(plan.argv[i]);
  return text;
}

}  // namespace skein
