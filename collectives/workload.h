#pragma once
// What all ranks run between hosts for one call, as schedules: for the chooser, for predictions and for the manual.

#include <cstddef>
#include <vector>

#include "collectives/call.h"
#include "collectives/choose.h"
#include "collectives/link_model.h"
#include "runtime/process/topology.h"

namespace skein {

/// A call as far as its schedules depend on it. `num_bytes` of the whole buffer: that of one rank for allreduce, reduce
/// and broadcast, of all ranks' blocks together for the others, whose blocks are alike.
struct CallShape {
  Operation operation = Operation::kBarrier;
  std::size_t num_bytes = 0;
  const Topology& topology;
  std::size_t element_bytes = 4;
  int root = 0;
};

/// Whether the agreement that comes first, which each local rank makes for itself, does the whole of a short reduction.
bool travels_with_agreement(Operation operation, std::size_t num_bytes, const Topology& topology);
/// How many ranks take part in one schedule of an operation: one of each host where it goes in slices, or all.
int schedule_size(Operation operation, const Topology& topology);
/// What AlgorithmTable::choose is asked with for a buffer of so many bytes.
std::size_t chosen_bytes(Operation operation, std::size_t num_bytes, const Topology& topology);
/// By rank.
std::vector<int> hosts_of(const Topology& topology);

/// The data of a call by one algorithm, which counts only where the operation has a choice.
Workload data_workload(const CallShape& shape, Algorithm algorithm);
/// The agreement that comes first, with what travels in it, and the data.
Workload call_workload(const CallShape& shape, const AlgorithmTable& table);

}  // namespace skein
