#pragma once
// Communication hooks under which gradients take less of the link between hosts:
//
//   DataParallelOptions options;
//   options.communication_hook = power_sgd_hook({.rank = 4});
//   DataParallel parallel(*net, *comm, options);
//
// A hook serves one DataParallel or DistributedOptimizer; all ranks give the same options. Gradients lie on the CPU; those
// that are not float32 are averaged as they are.

#include <cstdint>
#include <memory>

#include "trainer/parallel/communication_hook.h"

namespace skein {

/// What a rank contributes to a step.
struct CompressedBytes {
  std::uint64_t gradients = 0;
  std::uint64_t messages = 0;  ///< what travels instead
};

class GradientCompression : public CommunicationHook {
 public:
  /// From plan() on.
  virtual CompressedBytes bytes() const = 0;
};

/// Gradients travel between hosts as float16 or bfloat16 (Request::wire_dtype); ranks of one host lose nothing. Throws
/// UsageError for another type.
std::shared_ptr<GradientCompression> wire_type_hook(DType wire_dtype);

// The others compress matrices: a parameter's outermost dimension by all the others. Parameters of one dimension are averaged
// as they are. What is lost in a step each rank keeps and adds to its next gradient (error feedback): it arrives late
// instead of never, and costs as much memory as the gradients. A gradient that is not finite is passed on as such, and what
// its parameter had kept is dropped.

struct PowerSgdOptions {
  std::int64_t rank = 4;            ///< of the approximation: a matrix of n x m travels as rank * (n + m) numbers
  double min_compression_rate = 2;  ///< matrices that would become less than this many times smaller travel as they are
  std::int64_t first_step = 0;      ///< before it, counted from 0, gradients are averaged as they are
  std::uint64_t seed = 0;           ///< of the first guess
};

/// The average of each matrix is approximated by one of low rank, found by one step of power iteration from the last one:
/// T. Vogels, S. P. Karimireddy, M. Jaggi, "PowerSGD: Practical Low-Rank Gradient Compression for Distributed
/// Optimization", NeurIPS 2019, arXiv:1905.13727. Two allreduces a bucket, the second after backward. Throws UsageError for
/// options that make no sense.
std::shared_ptr<GradientCompression> power_sgd_hook(const PowerSgdOptions& options = {});

struct TopKOptions {
  double ratio = 0.01;  ///< share of each matrix's elements that a rank sends in a step, at least one
  std::int64_t first_step = 0;
};

/// Each rank sends the elements of largest magnitude, with their places: S. U. Stich, J.-B. Cordonnier, M. Jaggi,
/// "Sparsified SGD with Memory", NeurIPS 2018, arXiv:1809.07599. An allgather: every rank receives 8 * ratio * elements
/// bytes from every other one, so with many ranks it no longer pays. Throws UsageError unless 0 < ratio <= 1.
std::shared_ptr<GradientCompression> top_k_hook(const TopKOptions& options = {});

}  // namespace skein
