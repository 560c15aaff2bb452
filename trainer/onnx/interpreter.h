#pragma once
// Computes what an ONNX model computes, with LibTorch's operators: the other side of the check of an export.

#include <ATen/core/Tensor.h>

#include "trainer/onnx/onnx_model.h"

namespace skein {

/// `images` float32 of a shape that the model's input allows. Returns the model's output. All shapes on the way are those of
/// infer_shapes(). Throws DataError as that does.
at::Tensor run_onnx(const OnnxModel& model, const at::Tensor& images);

}  // namespace skein
