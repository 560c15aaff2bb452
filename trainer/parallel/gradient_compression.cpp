#include "trainer/parallel/gradient_compression.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/power_sgd_hook.h"
#include "trainer/parallel/tensor_buffer.h"
#include "trainer/parallel/top_k_hook.h"

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

struct MakeHook {
  using Hook = std::shared_ptr<GradientCompression>;
  Hook operator()(std::monostate) const { return nullptr; }
  Hook operator()(const WireTypeOptions& options) const { return std::make_shared<WireTypeHook>(options.wire_dtype); }
  Hook operator()(const PowerSgdOptions& options) const { return std::make_shared<PowerSgdHook>(options); }
  Hook operator()(const TopKOptions& options) const { return std::make_shared<TopKHook>(options); }
};

}  // namespace

std::shared_ptr<GradientCompression> compression_hook(const CompressionOptions& options) {
  return std::visit(MakeHook{}, options);
}

}  // namespace skein
