#pragma once
// Communication hooks under which gradients take less of the link between hosts:
//
//   DataParallelOptions options;
//   options.communication_hook = compression_hook(PowerSgdOptions{.rank = 4});
//   DataParallel parallel(*net, *comm, options);
//
// PowerSGD and top-k compress matrices: a parameter's outermost dimension by all the others; parameters of one dimension are
// averaged as they are. What is lost in a step each rank keeps and adds to its next gradient (error feedback): it arrives
// late instead of never, and costs as much memory as the gradients. A gradient that is not finite is passed on as such, and
// what its parameter had kept is dropped.

#include <cstdint>
#include <memory>

#include "trainer/parallel/communication_hook.h"
#include "trainer/parallel/compression_options.h"

namespace skein {

/// What a rank contributes to a step.
struct CompressedBytes {
  std::uint64_t gradients = 0;
  std::uint64_t messages = 0;  ///< what travels instead
};

/// Serves one DataParallel or DistributedOptimizer; all ranks give the same options. Gradients lie on the CPU (another
/// device is a UsageError of plan()); those that are not float32 are averaged as they are.
class GradientCompression : public CommunicationHook {
 public:
  /// From plan() on.
  virtual CompressedBytes bytes() const = 0;
};

/// Null for none. Throws UsageError for options that make no sense.
std::shared_ptr<GradientCompression> compression_hook(const CompressionOptions& options);

}  // namespace skein
