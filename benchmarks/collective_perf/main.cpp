// collective_perf: time and bandwidth of each collective over a range of sizes, in nccl-tests' columns, with MPI's own
// collective measured beside it in the same run. Start it with mpirun.

#include <cstdio>
#include <nlohmann/json.hpp>

#include "benchmarks/collective_perf/measurement.h"
#include "benchmarks/support/benchmark_main.h"
#include "collectives/make_communicator.h"
#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"

namespace skein::bench {
namespace {

void declare(OptionTable& table, Options& options) {
  table.add("--op", options.operation, "collective to measure")
      .choices({"allreduce", "reduce", "reduce_scatter", "allgather", "gather", "scatter", "broadcast", "alltoall",
                "barrier"});
  table.add("--dtype", options.dtype, "element type")
      .choices({"float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16",
                "uint32", "uint64"});
  table.add("--reduce-op", options.reduce_op, "reduction").choices({"sum", "average", "min", "max", "product"});
  table.add("--memory", options.memory, "where Skein's buffers lie: shared by the host's ranks, or anywhere")
      .choices({"arena", "ordinary"});
  table.add("--wire", options.wire, "type in which an allreduce or reduce of float32 travels between hosts")
      .choices({"same", "float16", "bfloat16"});
  table.add("--peer", options.peer, "library measured beside Skein, in turns").choices({"none", "mpi"});
  table.add("--bound", options.bound,
            "also time what the machine allows: on one host the same loads and stores on memory of each rank's own, "
            "between hosts plain TCP of the bytes that have to cross a link");
  table.add("--predict", options.predict,
            "also print what the model of the links predicts for the schedules between hosts, by the profile that "
            "SKEIN_LINK_PROFILE names or else by links measured at the start");
  table.add("--min-bytes", options.min_bytes, "smallest size, in bytes").at_least(1).unit("BYTES");
  table.add("--max-bytes", options.max_bytes, "largest size, in bytes").at_least(1).unit("BYTES");
  table.add("--factor", options.factor, "from one size to the next").at_least(2);
  table.add("--num-iters", options.num_iters, "iterations a round; 0: by size").at_least(0);
  table.add("--num-rounds", options.num_rounds, "rounds, Skein and peer in turns; the figures are medians").at_least(1);
  table.add("--root", options.root, "root of broadcast, reduce, gather and scatter").at_least(0);
  table.add("--json", options.json, "write the figures to this file").unit("FILE").not_compared();
}

void print_header(const World& world, const Options& options) {
  std::printf("# skein collective_perf: %s, %d ranks on %d host(s), %s memory; peer: %s (%s)\n",
              options.operation.c_str(), world.world_size(), world.topology().num_hosts(), options.memory.c_str(),
              options.peer.c_str(), world.mpi_version().substr(0, world.mpi_version().find(',')).c_str());
  std::printf(
      "# buffers are rewritten before every iteration; medians of the slowest rank over %d rounds in turns\n#\n",
      options.num_rounds);
  std::printf("# %10s  %12s  %8s  %6s  %6s  %10s  %7s  %7s  %6s  %10s  %6s  %9s  %10s  %7s  %10s  %9s\n", "size", "count", "type",
              "redop", "root", "time", "algbw", "busbw", "#wrong", "mpi time", "#wrong", "ratio", "bound", "of", "predicted", "ratio");
  std::printf("# %10s  %12s  %8s  %6s  %6s  %10s  %7s  %7s  %6s  %10s  %6s  %9s  %10s  %7s  %10s  %9s\n", "(B)", "(elements)", "", "",
              "", "(us)", "(GB/s)", "(GB/s)", "", "(us)", "", "mpi/skein", "(us)", "bound", "(us)", "time/pred");
}

void print_links(const Prediction& prediction) {
  const LinkCosts& costs = prediction.links().between_hosts;
  std::printf("# predicted by links of alpha %.2f us, beta %.4f ns/B, overhead %.2f us, %s\n", costs.alpha * 1e6,
              costs.beta * 1e9, costs.overhead * 1e6,
              prediction.was_measured() ? "measured just now" : "of the profile in use");
}

void print_row(const Row& row, const Options& options, double bus_factor) {
  const double algbw = row.skein_us > 0 ? static_cast<double>(row.num_bytes) / row.skein_us / 1000 : 0;
  std::printf("%12zu  %12zu  %8s  %6s  %6d  %10.2f  %7.2f  %7.2f  %6zu", row.num_bytes, row.count,
              options.dtype.c_str(), options.reduce_op.c_str(), options.root, row.skein_us, algbw, algbw * bus_factor,
              row.num_wrong);
  if (row.mpi_us)
    std::printf("  %10.2f  %6zu  %8.2fx", *row.mpi_us, row.mpi_num_wrong, *row.mpi_us / row.skein_us);
  else
    std::printf("  %10s  %6s  %9s", "-", "-", "-");
  if (row.bound_us)
    std::printf("  %10.2f  %6.1f%%", *row.bound_us, 100 * *row.bound_us / row.skein_us);
  else
    std::printf("  %10s  %7s", "-", "-");
  if (row.predicted_us)
    std::printf("  %10.2f  %9.2f\n", *row.predicted_us, row.skein_us / *row.predicted_us);
  else
    std::printf("  %10s  %9s\n", "-", "-");
  std::fflush(stdout);
}

nlohmann::json to_json(const Row& row, double bus_factor) {
  const double algbw = row.skein_us > 0 ? static_cast<double>(row.num_bytes) / row.skein_us / 1000 : 0;
  nlohmann::json result{{"bytes", row.num_bytes},           {"count", row.count},
                        {"skein_us", row.skein_us},         {"algbw_gbps", algbw},
                        {"busbw_gbps", algbw * bus_factor}, {"wrong", row.num_wrong}};
  if (row.mpi_us) {
    result["mpi_us"] = *row.mpi_us;
    result["mpi_wrong"] = row.mpi_num_wrong;
    result["ratio"] = *row.mpi_us / row.skein_us;
  }
  if (row.bound_us) result["bound_us"] = *row.bound_us;
  if (row.predicted_us) result["predicted_us"] = *row.predicted_us;
  return result;
}

void check(const Options& options, int world_size) {
  if (options.min_bytes > options.max_bytes)
    throw UsageError("--min-bytes is larger than --max-bytes", "swap them, or give only one");
  if (options.root >= world_size)
    throw UsageError(concat("--root ", options.root, " is not a rank"), concat("give one of 0 to ", world_size - 1));
  if (options.bound && options.operation == "barrier")
    throw UsageError("--bound is of operations that move data, which a barrier does not", "leave it out");
}

int run(World& world, const OptionTable& table, const Options& options) {
  check(options, world.world_size());
  Report report(options.json, table, world);
  auto comm = make_communicator(world);
  Measurement measurement(*comm, options);
  measurement.try_once(static_cast<std::size_t>(options.min_bytes));
  const bool prints = world.rank() == 0;
  std::optional<Prediction> prediction;
  if (options.predict) prediction.emplace(world);
  if (prints) print_header(world, options);
  if (prints && prediction) print_links(*prediction);
  nlohmann::json results = nlohmann::json::array();
  std::size_t num_wrong = 0;
  const bool one_size = options.operation == "barrier";
  for (auto num_bytes = options.min_bytes; num_bytes <= options.max_bytes; num_bytes *= options.factor) {
    Row row = measurement.measure(static_cast<std::size_t>(num_bytes));
    if (prediction) row.predicted_us = measurement.predicted_us(*prediction, row.num_bytes);
    num_wrong += row.num_wrong;
    if (prints) print_row(row, options, measurement.bus_factor());
    results.push_back(to_json(row, measurement.bus_factor()));
    if (one_size) break;
  }
  if (prints) std::printf("# wrong values: %zu %s\n", num_wrong, num_wrong == 0 ? "OK" : "FAILED");
  report.write({{"results", results}});
  return num_wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  skein::bench::Options options;
  skein::OptionTable table("collective_perf", "Measures Skein's collectives, beside MPI's. Start it with mpirun.",
                           SKEIN_VERSION);
  skein::bench::declare(table, options);
  return skein::bench::benchmark_main(argc, argv, table,
                                      [&](skein::World& world) { return skein::bench::run(world, table, options); });
}
