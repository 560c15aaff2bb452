#pragma once
// Times one collective of one size: Skein's, in turns with its peer's and with what memory allows.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/collective_perf/bound.h"
#include "benchmarks/collective_perf/prediction.h"
#include "benchmarks/collective_perf/side.h"
#include "collectives/communicator.h"

namespace skein::bench {

/// What the user asked for.
struct Options {
  std::string operation = "allreduce";
  std::string dtype = "float32";
  std::string reduce_op = "sum";
  std::string memory = "arena";
  std::string peer = "none";
  std::string wire = "same";
  bool bound = false;
  bool predict = false;
  std::int64_t min_bytes = 1024;
  std::int64_t max_bytes = 64 << 20;
  int factor = 4;
  int num_iters = 0;
  int num_rounds = 5;
  int root = 0;
  std::filesystem::path json;
};

/// The figures of one size; times are medians of the slowest rank, in microseconds.
struct Row {
  std::size_t num_bytes = 0;
  std::size_t count = 0;
  double skein_us = 0;
  std::optional<double> mpi_us;
  std::optional<double> bound_us;
  std::optional<double> predicted_us;
  std::size_t num_wrong = 0;
  std::size_t mpi_num_wrong = 0;
};

/// Owns the buffers, large enough for all sizes. All functions are collective.
class Measurement {
 public:
  Measurement(Communicator& comm, const Options& options);
  /// One call, so that what Skein refuses is refused before any figure is printed.
  void try_once(std::size_t num_bytes);
  Row measure(std::size_t num_bytes);
  /// Bytes that cross the busiest link, relative to the buffer; see nccl-tests, doc/PERFORMANCE.md.
  double bus_factor() const;
  /// By the model of the links. `num_bytes` as in Row.
  double predicted_us(const Prediction& prediction, std::size_t num_bytes) const;

 private:
  struct Memory {
    std::vector<std::byte> ordinary;
    SharedMemory shared;
  };

  std::size_t blocks_per_buffer() const;
  std::size_t elements_per_block(std::size_t num_bytes) const;
  bool has_data() const { return operation_ != Operation::kBarrier; }
  Side make_side(std::size_t block, bool arena);
  Side skein_side(std::size_t block);
  Side mpi_side(std::size_t block);
  void run_round(Side& side, int num_iters);
  void check(Side& side);
  double slowest_median(const Side& side);
  std::size_t total(std::size_t mine);

  Communicator& comm_;
  const Options& options_;
  Operation operation_;
  DType dtype_;
  ReduceOp op_;
  std::optional<DType> wire_dtype_;
  Memory input_;
  Memory output_;
  std::unique_ptr<Bound> bound_;  ///< where it is asked for
  std::size_t block_ = 0;
  int iteration_ = 0;
};

}  // namespace skein::bench
