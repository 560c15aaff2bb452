#include "trainer/parallel/communication_hook.h"

#include "trainer/parallel/tensor_buffer.h"

namespace skein {

Work AverageHook::start(GradientBucket& bucket, Communicator& communicator) {
  return communicator.allreduce_async(as_buffer(bucket.gradients), ReduceOp::kAverage, bucket.name);
}

}  // namespace skein
