#include "trainer/parallel/tensor_buffer.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

DType dtype_of(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return DType::kFloat32;
    case torch::kFloat64:
      return DType::kFloat64;
    case torch::kFloat16:
      return DType::kFloat16;
    case torch::kBFloat16:
      return DType::kBFloat16;
    case torch::kInt8:
      return DType::kInt8;
    case torch::kInt16:
      return DType::kInt16;
    case torch::kInt32:
      return DType::kInt32;
    case torch::kInt64:
      return DType::kInt64;
    case torch::kUInt8:
    case torch::kBool:
      return DType::kUInt8;
    default:
      throw UsageError(concat("tensors of type ", tensor.scalar_type(), " cannot travel between ranks"));
  }
}

Buffer as_buffer(const torch::Tensor& tensor) {
  if (!tensor.is_non_overlapping_and_dense())
    throw UsageError(concat("a tensor of shape ", tensor.sizes(), " and strides ", tensor.strides(),
                            " has gaps or overlaps in memory"),
                     "pass tensor.contiguous()");
  Buffer buffer;
  buffer.data = tensor.data_ptr();
  buffer.count = static_cast<std::size_t>(tensor.numel());
  buffer.dtype = dtype_of(tensor);
  if (tensor.is_cuda()) buffer.device = {Device::Kind::kCuda, tensor.get_device(), nullptr};
  return buffer;
}

void allreduce(Communicator& communicator, torch::Tensor& tensor, ReduceOp op, std::string_view name) {
  communicator.allreduce(as_buffer(tensor), op, name);
}

void broadcast(Communicator& communicator, torch::Tensor& tensor, int root, std::string_view name) {
  communicator.broadcast(as_buffer(tensor), root, name);
}

torch::Tensor arena_tensor(Communicator& communicator, std::int64_t num_elements, torch::ScalarType dtype) {
  const SharedMemory memory = communicator.allocate(static_cast<std::size_t>(num_elements) * c10::elementSize(dtype));
  return torch::from_blob(
      memory.data.get(), {num_elements}, [keep = memory.data](void*) {}, torch::TensorOptions().dtype(dtype));
}

}  // namespace skein
