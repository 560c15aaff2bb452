#include "benchmarks/collective_perf/measurement.h"

#include <algorithm>
#include <string_view>

#include "benchmarks/collective_perf/mpi_peer.h"
#include "benchmarks/collective_perf/pattern.h"
#include "benchmarks/support/statistics.h"
#include "runtime/process/error.h"

namespace skein::bench {
namespace {

template <class Enum>
Enum by_name(const std::string& name, int num_values, std::string_view (*name_of)(Enum)) {
  for (int i = 0; i < num_values; ++i)
    if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  throw UsageError("unknown name " + name);
}

int iterations_for(std::size_t num_bytes) {
  return static_cast<int>(std::clamp<std::size_t>((32u << 20) / std::max<std::size_t>(num_bytes, 1), 5, 1000));
}

}  // namespace

Measurement::Measurement(Communicator& comm, const Options& options)
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
  if (options.wire != "same") wire_dtype_ = by_name<DType>(options.wire, kNumDTypes, dtype_name);
  if (options.bound)
    bound_ = make_bound(comm, operation_, dtype_, op_, wire_dtype_.value_or(dtype_), num_bytes / dtype_bytes(dtype_));
}

std::size_t Measurement::elements_per_block(std::size_t num_bytes) const {
  return has_data() ? std::max<std::size_t>(1, num_bytes / dtype_bytes(dtype_) / blocks_per_buffer()) : 0;
}

void Measurement::try_once(std::size_t num_bytes) {
  block_ = elements_per_block(num_bytes);
  Side skein = skein_side(block_);
  run_round(skein, 1);
}

Row Measurement::measure(std::size_t num_bytes) {
  const std::size_t blocks = blocks_per_buffer();
  const std::size_t block = elements_per_block(num_bytes);
  block_ = block;
  Side skein = skein_side(block);
  Side mpi = mpi_side(block);
  Side bound = bound_ ? bound_->side(block * blocks) : Side{};
  const bool with_mpi = options_.peer == "mpi" && mpi_supports(mpi.request);
  const int num_iters = options_.num_iters != 0 ? options_.num_iters : iterations_for(num_bytes);
  for (int round = 0; round < options_.num_rounds; ++round) {
    run_round(skein, num_iters);
    if (with_mpi) run_round(mpi, num_iters);
    if (bound_) run_round(bound, num_iters);
  }
  Row row;
  row.count = block * blocks;
  row.num_bytes = row.count * dtype_bytes(dtype_);
  row.skein_us = slowest_median(skein);
  row.num_wrong = total(skein.num_wrong);
  if (bound_) row.bound_us = slowest_median(bound);
  if (with_mpi) {
    row.mpi_us = slowest_median(mpi);
    row.mpi_num_wrong = total(mpi.num_wrong);
  }
  return row;
}

double Measurement::bus_factor() const {
  const double n = comm_.world_size();
  switch (operation_) {
    case Operation::kAllreduce:
      return 2 * (n - 1) / n;
    case Operation::kReduceScatter:
    case Operation::kAllgather:
    case Operation::kGather:
    case Operation::kScatter:
    case Operation::kAlltoall:
      return (n - 1) / n;
    default:
      return 1;
  }
}

double Measurement::predicted_us(const Prediction& prediction, std::size_t num_bytes) const {
  const std::size_t wire_bytes = dtype_bytes(wire_dtype_.value_or(dtype_));
  return prediction.microseconds(operation_, num_bytes, dtype_bytes(dtype_), wire_bytes, options_.root);
}

std::size_t Measurement::blocks_per_buffer() const {
  const bool one = operation_ == Operation::kAllreduce || operation_ == Operation::kReduce ||
                   operation_ == Operation::kBroadcast || operation_ == Operation::kBarrier;
  return one ? 1 : comm_.world_size();
}

Side Measurement::make_side(std::size_t block, bool arena) {
  const auto data = [&](Memory& memory) -> void* { return arena ? memory.shared.data.get() : memory.ordinary.data(); };
  const std::size_t whole = block * blocks_per_buffer();
  const bool gathers = operation_ == Operation::kAllgather || operation_ == Operation::kGather;
  const bool scatters = operation_ == Operation::kReduceScatter || operation_ == Operation::kScatter;
  const bool in_place = operation_ == Operation::kAllreduce || operation_ == Operation::kBroadcast;
  Side side;
  side.request.operation = operation_;
  side.request.input = {data(input_), gathers ? block : whole, dtype_};
  side.request.output = {data(output_), scatters ? block : whole, dtype_};
  side.request.reduce_op = op_;
  side.checked_op = op_;
  side.request.root = options_.root;
  if (in_place) side.request.input = side.request.output;
  const bool root_alone = operation_ == Operation::kReduce || operation_ == Operation::kGather;
  side.has_result = !root_alone || comm_.rank() == options_.root;
  const Buffer input = side.request.input;
  side.rewrite = [this, input](int iteration) {
    if (has_data()) fill(input, comm_.rank(), 0, iteration);
  };
  return side;
}

Side Measurement::skein_side(std::size_t block) {
  Side side = make_side(block, options_.memory == "arena");
  side.request.wire_dtype = wire_dtype_;
  side.run = [this, request = side.request] { comm_.run(request, Deadline::after(kDefaultTimeout)); };
  side.barrier = [this] { comm_.barrier(); };
  return side;
}

Side Measurement::mpi_side(std::size_t block) {
  Side side = make_side(block, false);
  side.run = [request = side.request] { run_mpi(request); };
  side.barrier = mpi_barrier;
  if (op_ == ReduceOp::kAverage) side.checked_op = ReduceOp::kSum;  // MPI knows no average
  return side;
}

void Measurement::run_round(Side& side, int num_iters) {
  for (int i = -2; i < num_iters; ++i) {  // two warm up
    side.rewrite(++iteration_);
    side.barrier();
    const auto start = Clock::now();
    side.run();
    const auto end = Clock::now();
    if (i >= 0) side.microseconds.push_back(std::chrono::duration<double, std::micro>(end - start).count());
    if (side.has_result && has_data() && (i < 0 || i == num_iters - 1)) check(side);
  }
}

void Measurement::check(Side& side) {
  side.num_wrong += count_wrong(side.request.output, operation_, side.checked_op, comm_.rank(), comm_.world_size(),
                                options_.root, block_, iteration_);
}

double Measurement::slowest_median(const Side& side) {
  double slowest = median(side.microseconds);
  comm_.allreduce({&slowest, 1, DType::kFloat64}, ReduceOp::kMax);
  return slowest;
}

std::size_t Measurement::total(std::size_t mine) {
  comm_.allreduce({&mine, 1, DType::kUInt64});
  return mine;
}

}  // namespace skein::bench
