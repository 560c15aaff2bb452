#include "trainer/weights/tensor_record.h"

#include <algorithm>

#include "runtime/process/text.h"

namespace skein {

std::optional<std::vector<int64_t>> row_major_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    if (__builtin_mul_overflow(stride, std::max<int64_t>(shape[axis], 1), &stride)) return std::nullopt;
  }
  return strides;
}

std::optional<size_t> extent_bytes(const TensorRecord& tensor) {
  int64_t last = 0;
  for (size_t axis = 0; axis < tensor.shape.size(); ++axis) {
    if (tensor.shape[axis] == 0) return 0;
    int64_t step = 0;
    if (__builtin_mul_overflow(tensor.shape[axis] - 1, tensor.strides[axis], &step)) return std::nullopt;
    if (__builtin_add_overflow(last, step, &last)) return std::nullopt;
  }
  int64_t num_bytes = 0;
  if (__builtin_add_overflow(last, 1, &last)) return std::nullopt;
  if (__builtin_mul_overflow(last, static_cast<int64_t>(element_bytes(tensor.type)), &num_bytes)) {
    return std::nullopt;
  }
  return static_cast<size_t>(num_bytes);
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string text = "[";
  for (const int64_t extent : shape) text += concat(text.size() > 1 ? ", " : "", extent);
  return text + "]";
}

}  // namespace skein
