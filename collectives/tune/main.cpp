// tune_links: measures the links between the hosts of a job and writes the profile by which Skein chooses between
// algorithms. `skein tune` starts it.

#include <cstdio>
#include <iostream>
#include <optional>

#include "collectives/mpi_transport.h"
#include "collectives/tune/compare_profiles.h"
#include "collectives/tune/measure_links.h"
#include "runtime/options/tune_options.h"
#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/process/world.h"
#include "runtime/run/atomic_file.h"

namespace skein {
namespace {

void print_costs(const std::string& what, const LinkCosts& costs, const char* remark = "") {
  std::printf("  %-24s %10.2f %12.4f %10.1f %11.2f%s\n", what.c_str(), costs.alpha * 1e6, costs.beta * 1e9, 1e-6 / costs.beta,
              costs.overhead * 1e6, remark);
}

/// Of a pair of hosts that holds up all others in a ring.
bool is_slow(const LinkCosts& costs, const LinkCosts& median) {
  return costs.beta > 1.25 * median.beta || costs.alpha > 2 * median.alpha;
}

void print_links(const MeasuredLinks& links, const Topology& topology) {
  std::printf("# links           alpha (us)  beta (ns/B)     (MB/s)  overhead (us)\n");
  for (const MeasuredLinks::Pair& pair : links.pairs)
    print_costs(concat(topology.host_name(pair.host), " - ", topology.host_name(pair.other)), pair.costs,
                is_slow(pair.costs, links.profile.between_hosts) ? "  slow: look at this link" : "");
  print_costs("between hosts (median)", links.profile.between_hosts);
  print_costs("within a host", links.profile.within_host);
  std::printf("  %-24s %10s %12.4f\n", "reduction", "", links.profile.reduce_byte_seconds * 1e9);
}

void print_comparisons(const std::vector<Comparison>& comparisons, const LinkProfile& kept) {
  std::printf("# where the choice changes: %zu\n", comparisons.size());
  for (const Comparison& comparison : comparisons)
    std::printf("  %-14s %9zu B  %-22s %10.1f us  ->  %-22s %10.1f us  %5.2fx%s\n",
                std::string(operation_name(comparison.operation)).c_str(), comparison.num_bytes,
                comparison.usual.c_str(), comparison.usual_seconds * 1e6, comparison.chosen.c_str(),
                comparison.chosen_seconds * 1e6, 1 / comparison.ratio(),
                kept.keeps_default_of(comparison.operation) ? "  refused" : "");
}

std::string measured_on(const Topology& topology) {
  std::string text = utc_text(unix_seconds()) + ", hosts";
  for (int host = 0; host < topology.num_hosts(); ++host)
    text += concat(" ", topology.host_name(host), ":", topology.ranks_of_host(host).size());
  return text;
}

int run(World& world, const TuneOptions& options) {
  const Topology& topology = world.topology();
  if (topology.num_hosts() < 2)
    throw UsageError("there are no links to measure: all ranks are on one host",
                     "start it on several: skein tune -H HOST:SLOTS,HOST:SLOTS");
  const bool prints = world.rank() == 0;
  std::optional<AtomicFile> output;
  if (prints) output.emplace(options.output, "--output");
  MeasuredLinks links;
  {
    const auto transport = make_mpi_transport(world);
    links = measure_links(*transport, topology, options.repeats);
  }
  if (prints) print_links(links, topology);
  const auto comparisons = compare_with_default(
      world, links.profile, {.repeats = options.repeats, .max_bytes = static_cast<std::size_t>(options.max_bytes)});
  const LinkProfile kept = without_losses(links.profile, comparisons);
  if (!prints) return 0;
  print_comparisons(comparisons, kept);
  output->write(to_text(kept, measured_on(topology)));
  output->commit();
  std::printf("# written: %s; to use it: SKEIN_LINK_PROFILE=%s\n", options.output.c_str(),
              std::filesystem::absolute(options.output).c_str());
  return 0;
}

int read_options_and_run(int argc, char** argv) {
  TuneOptions options;
  OptionTable table("tune_links",
                    "Measures the links between hosts and writes a profile by which Skein chooses between algorithms. "
                    "Start it with skein tune.",
                    SKEIN_VERSION);
  options.declare(table);
  if (!table.parse_or_print(argc, argv, std::cout)) return 0;
  return run_main(argc, argv, [&](World& world) { return run(world, options); });
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main("tune_links", [&] { return skein::read_options_and_run(argc, argv); });
}
