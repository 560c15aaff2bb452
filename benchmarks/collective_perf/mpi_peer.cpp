#include "benchmarks/collective_perf/mpi_peer.h"

#include <mpi.h>

#include <optional>

namespace skein::bench {
namespace {

std::optional<MPI_Datatype> mpi_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return MPI_FLOAT;
    case DType::kFloat64:
      return MPI_DOUBLE;
    case DType::kInt8:
      return MPI_INT8_T;
    case DType::kInt16:
      return MPI_INT16_T;
    case DType::kInt32:
      return MPI_INT32_T;
    case DType::kInt64:
      return MPI_INT64_T;
    case DType::kUInt8:
      return MPI_UINT8_T;
    case DType::kUInt16:
      return MPI_UINT16_T;
    case DType::kUInt32:
      return MPI_UINT32_T;
    case DType::kUInt64:
      return MPI_UINT64_T;
    default:
      return std::nullopt;
  }
}

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kMin:
      return MPI_MIN;
    case ReduceOp::kMax:
      return MPI_MAX;
    case ReduceOp::kProduct:
      return MPI_PROD;
    default:
      return MPI_SUM;
  }
}

}  // namespace

bool mpi_supports(const Request& request) {
  return request.operation == Operation::kBarrier || mpi_type(request.output.dtype).has_value();
}

void run_mpi(const Request& request) {
  const Buffer& in = request.input;
  const Buffer& out = request.output;
  const MPI_Datatype type = mpi_type(out.dtype).value_or(MPI_BYTE);
  const MPI_Op op = mpi_op(request.reduce_op);
  const int count = static_cast<int>(out.count);
  switch (request.operation) {
    case Operation::kAllreduce:
      MPI_Allreduce(MPI_IN_PLACE, out.data, count, type, op, MPI_COMM_WORLD);
      return;
    case Operation::kReduceScatter:
      MPI_Reduce_scatter_block(in.data, out.data, count, type, op, MPI_COMM_WORLD);
      return;
    case Operation::kAllgather:
      MPI_Allgather(in.data, static_cast<int>(in.count), type, out.data, static_cast<int>(in.count), type,
                    MPI_COMM_WORLD);
      return;
    case Operation::kBroadcast:
      MPI_Bcast(out.data, count, type, request.root, MPI_COMM_WORLD);
      return;
    case Operation::kReduce:
      MPI_Reduce(in.data, out.data, static_cast<int>(in.count), type, op, request.root, MPI_COMM_WORLD);
      return;
    case Operation::kGather:
      MPI_Gather(in.data, static_cast<int>(in.count), type, out.data, static_cast<int>(in.count), type, request.root,
                 MPI_COMM_WORLD);
      return;
    case Operation::kScatter:
      MPI_Scatter(in.data, count, type, out.data, count, type, request.root, MPI_COMM_WORLD);
      return;
    case Operation::kAlltoall: {
      int num_ranks = 1;
      MPI_Comm_size(MPI_COMM_WORLD, &num_ranks);
      MPI_Alltoall(in.data, count / num_ranks, type, out.data, count / num_ranks, type, MPI_COMM_WORLD);
      return;
    }
    case Operation::kBarrier:
      MPI_Barrier(MPI_COMM_WORLD);
      return;
  }
}

void mpi_barrier() {
  MPI_Barrier(MPI_COMM_WORLD);
}

}  // namespace skein::bench
