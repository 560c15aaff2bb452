// collective_perf: time and bandwidth of each collective over a range of sizes, in nccl-tests' columns, with MPI's own
// collective measured beside it in the same run. Start it with mpirun.

#include <cstdio>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "benchmarks/collective_perf/mpi_peer.h"
#include "benchmarks/collective_perf/pattern.h"
#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/statistics.h"
#include "collectives/make_communicator.h"
#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"

namespace skein::bench {
namespace {

struct Options {
  std::string operation = "allreduce";
  std::string dtype = "float32";
  std::string reduce_op = "sum";
  std::string memory = "arena";
  std::string peer = "none";
  std::int64_t min_bytes = 1024;
  std::int64_t max_bytes = 64 << 20;
  int factor = 4;
  int num_iters = 0;
  int num_rounds = 5;
  int root = 0;
  std::filesystem::path json;
};

void declare(OptionTable& table, Options& options) {
  table.add("--op", options.operation, "collective to measure")
      .choices({"allreduce", "reduce_scatter", "allgather", "broadcast", "barrier"});
  table.add("--dtype", options.dtype, "element type")
      .choices({"float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16",
                "uint32", "uint64"});
  table.add("--reduce-op", options.reduce_op, "reduction").choices({"sum", "average", "min", "max", "product"});
  table.add("--memory", options.memory, "where Skein's buffers lie: shared by the host's ranks, or anywhere")
      .choices({"arena", "ordinary"});
  table.add("--peer", options.peer, "library measured beside Skein, in turns").choices({"none", "mpi"});
  table.add("--min-bytes", options.min_bytes, "smallest size, in bytes").at_least(1).unit("BYTES");
  table.add("--max-bytes", options.max_bytes, "largest size, in bytes").at_least(1).unit("BYTES");
  table.add("--factor", options.factor, "from one size to the next").at_least(2);
  table.add("--num-iters", options.num_iters, "iterations a round; 0: by size").at_least(0);
  table.add("--num-rounds", options.num_rounds, "rounds, Skein and peer in turns; the figures are medians").at_least(1);
  table.add("--root", options.root, "root of broadcast").at_least(0);
  table.add("--json", options.json, "write the figures to this file").unit("FILE").not_compared();
}

template <class Enum>
Enum by_name(const std::string& name, int num_values, std::string_view (*name_of)(Enum)) {
  for (int i = 0; i < num_values; ++i)
    if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  throw UsageError("unknown name " + name);
}

/// What one library needs for one size.
struct Side {
  Request request;
  ReduceOp checked_op{};  ///< the reduction whose result is expected
  std::function<void()> run;
  std::function<void()> barrier;
  std::vector<double> microseconds;
  std::size_t num_wrong = 0;
};

struct Row {
  std::size_t num_bytes = 0;
  std::size_t count = 0;
  double skein_us = 0;
  std::optional<double> mpi_us;
  std::size_t num_wrong = 0;
  std::size_t mpi_num_wrong = 0;
};

class Benchmark {
 public:
  Benchmark(Communicator& comm, const Options& options)
      : comm_(comm),
        options_(options),
        operation_(by_name<Operation>(options.operation, kNumOperations, operation_name)),
        dtype_(by_name<DType>(options.dtype, kNumDTypes, dtype_name)),
        op_(by_name<ReduceOp>(options.reduce_op, kNumReduceOps, reduce_op_name)) {
    const std::size_t slack = 4096;
    const auto num_bytes = static_cast<std::size_t>(options.max_bytes) + slack;
    for (auto* memory : {&input_, &output_}) {
      memory->ordinary.resize(num_bytes);
      memory->shared = comm.allocate(num_bytes);
    }
  }

  Row measure(std::size_t num_bytes) {
    const std::size_t blocks = blocks_per_buffer();
    const bool has_data = operation_ != Operation::kBarrier;
    const std::size_t block = !has_data ? 0 : std::max<std::size_t>(1, num_bytes / dtype_bytes(dtype_) / blocks);
    Side skein = make_side(block, options_.memory == "arena");
    skein.run = [&] { comm_.run(skein.request, Deadline::after(kDefaultTimeout)); };
    skein.barrier = [&] { comm_.barrier(); };
    Side mpi = make_side(block, false);
    mpi.run = [&] { run_mpi(mpi.request); };
    mpi.barrier = mpi_barrier;
    if (op_ == ReduceOp::kAverage) mpi.checked_op = ReduceOp::kSum;  // MPI knows no average
    const bool with_mpi = options_.peer == "mpi" && mpi_supports(mpi.request);
    const int num_iters = options_.num_iters != 0 ? options_.num_iters : iterations_for(num_bytes);
    for (int round = 0; round < options_.num_rounds; ++round) {
      run_round(skein, num_iters);
      if (with_mpi) run_round(mpi, num_iters);
    }
    Row row;
    row.count = block * blocks;
    row.num_bytes = row.count * dtype_bytes(dtype_);
    row.skein_us = slowest_median(skein);
    row.num_wrong = total(skein.num_wrong);
    if (with_mpi) {
      row.mpi_us = slowest_median(mpi);
      row.mpi_num_wrong = total(mpi.num_wrong);
    }
    return row;
  }

  /// Bytes that cross the busiest link, relative to the buffer; see docs of nccl-tests, PERFORMANCE.md.
  double bus_factor() const {
    const double n = comm_.world_size();
    switch (operation_) {
      case Operation::kAllreduce: return 2 * (n - 1) / n;
      case Operation::kReduceScatter:
      case Operation::kAllgather: return (n - 1) / n;
      default: return 1;
    }
  }

 private:
  struct Memory {
    std::vector<std::byte> ordinary;
    SharedMemory shared;
  };

  std::size_t blocks_per_buffer() const {
    const bool scattered = operation_ == Operation::kReduceScatter || operation_ == Operation::kAllgather;
    return scattered ? comm_.world_size() : 1;
  }
  static int iterations_for(std::size_t num_bytes) {
    return static_cast<int>(std::clamp<std::size_t>((32u << 20) / std::max<std::size_t>(num_bytes, 1), 5, 1000));
  }

  Side make_side(std::size_t block, bool arena) {
    const auto data = [&](Memory& memory) -> void* { return arena ? memory.shared.data.get() : memory.ordinary.data(); };
    const std::size_t whole = block * blocks_per_buffer();
    const bool gathers = operation_ == Operation::kAllgather;
    const bool scatters = operation_ == Operation::kReduceScatter;
    Side side;
    side.request.operation = operation_;
    side.request.input = {data(input_), gathers ? block : whole, dtype_};
    side.request.output = {data(output_), scatters ? block : whole, dtype_};
    side.request.reduce_op = op_;
    side.checked_op = op_;
    side.request.root = options_.root;
    block_ = block;
    if (!gathers && !scatters) side.request.input = side.request.output;
    return side;
  }

  void run_round(Side& side, int num_iters) {
    const bool has_data = operation_ != Operation::kBarrier;
    for (int i = -2; i < num_iters; ++i) {  // two warm up
      ++iteration_;
      if (has_data) fill(side.request.input, comm_.rank(), 0, iteration_);
      side.barrier();
      const auto start = Clock::now();
      side.run();
      const auto end = Clock::now();
      if (i >= 0) side.microseconds.push_back(std::chrono::duration<double, std::micro>(end - start).count());
      if (has_data && (i < 0 || i == num_iters - 1)) check(side);
    }
  }

  void check(Side& side) {
    side.num_wrong += count_wrong(side.request.output, operation_, side.checked_op, comm_.rank(), comm_.world_size(),
                                  options_.root, block_, iteration_);
  }

  double slowest_median(const Side& side) {
    double slowest = median(side.microseconds);
    comm_.allreduce({&slowest, 1, DType::kFloat64}, ReduceOp::kMax);
    return slowest;
  }
  std::size_t total(std::size_t mine) {
    comm_.allreduce({&mine, 1, DType::kUInt64});
    return mine;
  }

  Communicator& comm_;
  const Options& options_;
  Operation operation_;
  DType dtype_;
  ReduceOp op_;
  Memory input_;
  Memory output_;
  std::size_t block_ = 0;
  int iteration_ = 0;
};

void print_header(const World& world, const Options& options) {
  std::printf("# skein collective_perf: %s, %d ranks on %d host(s), %s memory; peer: %s (%s)\n", options.operation.c_str(),
              world.world_size(), world.topology().num_hosts(), options.memory.c_str(), options.peer.c_str(),
              world.mpi_version().substr(0, world.mpi_version().find(',')).c_str());
  std::printf("# buffers are rewritten before every iteration; medians of the slowest rank over %d rounds in turns\n#\n",
              options.num_rounds);
  std::printf("# %10s  %12s  %8s  %6s  %6s  %10s  %7s  %7s  %6s  %10s  %6s  %7s\n", "size", "count", "type", "redop", "root",
              "time", "algbw", "busbw", "#wrong", "mpi time", "#wrong", "ratio");
  std::printf("# %10s  %12s  %8s  %6s  %6s  %10s  %7s  %7s  %6s  %10s  %6s  %7s\n", "(B)", "(elements)", "", "", "", "(us)",
              "(GB/s)", "(GB/s)", "", "(us)", "", "mpi/skein");
}

void print_row(const Row& row, const Options& options, double bus_factor) {
  const double algbw = row.skein_us > 0 ? static_cast<double>(row.num_bytes) / row.skein_us / 1000 : 0;
  std::printf("%12zu  %12zu  %8s  %6s  %6d  %10.2f  %7.2f  %7.2f  %6zu", row.num_bytes, row.count, options.dtype.c_str(),
              options.reduce_op.c_str(), options.root, row.skein_us, algbw, algbw * bus_factor, row.num_wrong);
  if (row.mpi_us)
    std::printf("  %10.2f  %6zu  %6.2fx\n", *row.mpi_us, row.mpi_num_wrong, *row.mpi_us / row.skein_us);
  else
    std::printf("  %10s  %6s  %7s\n", "-", "-", "-");
  std::fflush(stdout);
}

nlohmann::json to_json(const Row& row, double bus_factor) {
  const double algbw = row.skein_us > 0 ? static_cast<double>(row.num_bytes) / row.skein_us / 1000 : 0;
  nlohmann::json result{{"bytes", row.num_bytes},   {"count", row.count},
                        {"skein_us", row.skein_us}, {"algbw_gbps", algbw},
                        {"busbw_gbps", algbw * bus_factor}, {"wrong", row.num_wrong}};
  if (row.mpi_us) {
    result["mpi_us"] = *row.mpi_us;
    result["mpi_wrong"] = row.mpi_num_wrong;
    result["ratio"] = *row.mpi_us / row.skein_us;
  }
  return result;
}

int run(World& world, const OptionTable& table, const Options& options) {
  if (options.min_bytes > options.max_bytes) throw UsageError("--min-bytes is larger than --max-bytes");
  if (options.root >= world.world_size()) throw UsageError(concat("--root ", options.root, " is not a rank"));
  auto comm = make_communicator(world);
  Benchmark benchmark(*comm, options);
  const bool prints = world.rank() == 0;
  if (prints) print_header(world, options);
  nlohmann::json results = nlohmann::json::array();
  std::size_t num_wrong = 0;
  const bool one_size = options.operation == "barrier";
  for (auto num_bytes = options.min_bytes; num_bytes <= options.max_bytes; num_bytes *= options.factor) {
    const Row row = benchmark.measure(static_cast<std::size_t>(num_bytes));
    num_wrong += row.num_wrong;
    if (prints) print_row(row, options, benchmark.bus_factor());
    results.push_back(to_json(row, benchmark.bus_factor()));
    if (one_size) break;
  }
  if (prints) {
    std::printf("# wrong values: %zu %s\n", num_wrong, num_wrong == 0 ? "OK" : "FAILED");
    if (!options.json.empty()) write_report(options.json, table, world, {{"results", results}});
  }
  return num_wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  skein::bench::Options options;
  skein::OptionTable table("collective_perf", "Measures Skein's collectives, beside MPI's. Start it with mpirun.",
                           SKEIN_VERSION);
  skein::bench::declare(table, options);
  return skein::bench::benchmark_main(
      argc, argv, table, [&](skein::World& world) { return skein::bench::run(world, table, options); });
}
