#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/gradient_compression.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

class WireTypeHook final : public GradientCompression {
 public:
  explicit WireTypeHook(DType wire_dtype) : wire_dtype_(wire_dtype) {
    if (wire_dtype != DType::kFloat16 && wire_dtype != DType::kBFloat16)
      throw UsageError(concat("gradients cannot travel as ", dtype_name(wire_dtype)), "give float16 or bfloat16");
  }

  void plan(const std::vector<GradientBucket>& buckets) override {
    bytes_ = {};
    for (const GradientBucket& bucket : buckets) {
      const std::uint64_t num_bytes = bucket.gradients.nbytes();
      bytes_.gradients += num_bytes;
      bytes_.messages += is_converted(bucket) ? num_bytes / 2 : num_bytes;
    }
  }

  Work start(GradientBucket& bucket, Communicator& communicator) override {
    Request request;
    request.operation = Operation::kAllreduce;
    request.input = request.output = as_buffer(bucket.gradients);
    request.reduce_op = ReduceOp::kAverage;
    request.name = bucket.name;
    if (is_converted(bucket)) request.wire_dtype = wire_dtype_;
    return communicator.start(request);
  }

  CompressedBytes bytes() const override { return bytes_; }

 private:
  static bool is_converted(const GradientBucket& bucket) { return bucket.gradients.scalar_type() == torch::kFloat32; }

  DType wire_dtype_;
  CompressedBytes bytes_;
};

}  // namespace

std::shared_ptr<GradientCompression> wire_type_hook(DType wire_dtype) {
  return std::make_shared<WireTypeHook>(wire_dtype);
}

}  // namespace skein
