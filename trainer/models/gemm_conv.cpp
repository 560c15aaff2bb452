#include "trainer/models/gemm_conv.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "runtime/process/error.h"
#include "trainer/parallel/gradient_hooks.h"

namespace skein {
namespace {

using torch::Tensor;

/// Up to how many pixels of all output images together matrix products are the faster way.
struct Limits {
  std::int64_t images;   ///< for the output and the gradient of the images
  std::int64_t weights;  ///< for the gradient of the weights
};

/// As measured with one thread of a processor with AVX-512: benchmarks/conv_perf.
constexpr Limits limits_of(std::int64_t kernel) {
  return kernel == 1 ? Limits{2048, 128} : Limits{64, 256};
}

/// Sizes of one convolution; images are [N][height][width][channels] in memory.
struct Shape {
  std::int64_t num_images, height, width, in, out, kernel, stride, padding;

  std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  std::int64_t pixels() const { return num_images * out_height() * out_width(); }
  std::int64_t patch() const { return kernel * kernel * in; }
  /// Otherwise LibTorch says what is wrong.
  bool is_possible() const { return height + 2 * padding >= kernel && width + 2 * padding >= kernel; }
  /// Images and patches are the same memory.
  bool is_pointwise() const { return kernel == 1 && stride == 1 && padding == 0; }
  bool multiplies_for_images() const { return pixels() <= limits_of(kernel).images; }
  bool multiplies_for_weights() const { return pixels() <= limits_of(kernel).weights; }
};

Shape shape_of(const Tensor& images, const Tensor& weight, std::int64_t stride, std::int64_t padding) {
  return {images.size(0), images.size(2), images.size(3), images.size(1), weight.size(0), weight.size(2), stride, padding};
}

/// A [N, C, H, W] tensor in channels_last order as [N * H * W, C], and a weight as [out, kernel * kernel * in].
Tensor as_rows(const Tensor& tensor) {
  return tensor.permute({0, 2, 3, 1}).reshape({-1, tensor.size(1)});
}
Tensor weight_matrix(const Tensor& weight) {
  return weight.permute({0, 2, 3, 1}).reshape({weight.size(0), -1});
}
Tensor as_images(const Tensor& rows, std::int64_t num_images, std::int64_t height, std::int64_t width) {
  return rows.view({num_images, height, width, rows.size(1)}).permute({0, 3, 1, 2});
}

/// For the output pixels [first, last): calls visit(where in the images, or -1 in the padding; where in the patches) for each run
/// of `in` elements.
template <class Visit>
void for_patches(const Shape& s, std::int64_t first, std::int64_t last, Visit&& visit) {
  const std::int64_t per_image = s.out_height() * s.out_width();
  for (std::int64_t pixel = first; pixel < last; ++pixel) {
    const std::int64_t image = pixel / per_image;
    const std::int64_t top = pixel % per_image / s.out_width() * s.stride - s.padding;
    const std::int64_t left = pixel % s.out_width() * s.stride - s.padding;
    std::int64_t part = pixel * s.patch();
    for (std::int64_t y = top; y < top + s.kernel; ++y)
      for (std::int64_t x = left; x < left + s.kernel; ++x, part += s.in) {
        const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
        visit(inside ? ((image * s.height + y) * s.width + x) * s.in : -1, part);
      }
  }
}

/// [pixels, patch]: what each output pixel sees.
Tensor patches_of(const Tensor& images, const Shape& s) {
  if (s.is_pointwise()) return as_rows(images);
  Tensor patches = torch::empty({s.pixels(), s.patch()}, images.options());
  const auto* const from = images.data_ptr<float>();
  auto* const to = patches.data_ptr<float>();
  at::parallel_for(0, s.pixels(), /*grain_size=*/16, [&](std::int64_t begin, std::int64_t end) {
    for_patches(s, begin, end, [&](std::int64_t source, std::int64_t part) {
      if (source < 0)
        std::fill_n(to + part, s.in, 0.0f);
      else
        std::copy_n(from + source, s.in, to + part);
    });
  });
  return patches;
}

/// The transpose of patches_of: adds each patch to the pixels it came from.
Tensor images_of(const Tensor& patches, const Shape& s) {
  if (s.is_pointwise()) return as_images(patches, s.num_images, s.height, s.width);
  Tensor rows = torch::zeros({s.num_images * s.height * s.width, s.in}, patches.options());
  const auto* const from = patches.data_ptr<float>();
  auto* const to = rows.data_ptr<float>();
  const std::int64_t per_image = s.out_height() * s.out_width();
  at::parallel_for(0, s.num_images, /*grain_size=*/1, [&](std::int64_t begin, std::int64_t end) {
    for_patches(s, begin * per_image, end * per_image, [&](std::int64_t target, std::int64_t part) {
      if (target < 0) return;
      float* const sum = to + target;
      for (std::int64_t c = 0; c < s.in; ++c) sum[c] += from[part + c];
    });
  });
  return as_images(rows, s.num_images, s.height, s.width);
}

class GemmConvolution : public torch::autograd::Function<GemmConvolution> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& images, const Tensor& weight, std::int64_t stride,
                        std::int64_t padding) {
    context->save_for_backward({images, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    const Shape s = shape_of(images, weight, stride, padding);
    if (!s.multiplies_for_images()) return torch::conv2d(images, weight, {}, stride, padding);
    const Tensor rows = torch::mm(patches_of(images, s), weight_matrix(weight).t());
    return as_images(rows, s.num_images, s.out_height(), s.out_width());
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context, torch::autograd::tensor_list gradients) {
    if (at::GradMode::is_enabled())
      throw UsageError("GemmConv2d has no second derivatives, but backward() was called with create_graph",
                       "call use_gemm(false) on it before");
    const auto saved = context->get_saved_variables();
    const Tensor &images = saved[0], &weight = saved[1];
    const std::int64_t stride = context->saved_data["stride"].toInt();
    const std::int64_t padding = context->saved_data["padding"].toInt();
    const Shape s = shape_of(images, weight, stride, padding);
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    std::array<bool, 3> left{context->needs_input_grad(0), context->needs_input_grad(1), false};  // for LibTorch
    Tensor of_images, of_weight;
    if (left[0] && s.multiplies_for_images()) {
      of_images = images_of(torch::mm(as_rows(gradient), weight_matrix(weight)), s);
      left[0] = false;
    }
    if (left[1] && s.multiplies_for_weights()) {
      of_weight = gradient_destination(weight);
      if (!of_weight.defined()) of_weight = torch::empty_like(weight);
      Tensor matrix = weight_matrix(of_weight);
      torch::mm_out(matrix, as_rows(gradient).t(), patches_of(images, s));
      left[1] = false;
    }
    if (left[0] || left[1]) {
      const auto [rest_images, rest_weight, none] = torch::convolution_backward(
          gradient, images, weight, torch::nullopt, {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0}, 1, left);
      if (left[0]) of_images = rest_images;
      if (left[1]) of_weight = rest_weight;
    }
    return {of_images, of_weight, {}, {}};
  }
};

}  // namespace

bool GemmConv2dImpl::is_suitable(const Tensor& images) const {
  const auto& kernel = *options.kernel_size();
  const auto& stride = *options.stride();
  const auto* const padding = std::get_if<torch::ExpandingArray<2>>(&options.padding());
  if (!images.is_cpu() || images.dim() != 4 || images.numel() == 0 || images.scalar_type() != torch::kFloat32 ||
      weight.scalar_type() != torch::kFloat32 || at::autocast::is_autocast_enabled(at::kCPU))
    return false;
  if (padding == nullptr || kernel[0] != kernel[1] || stride[0] != stride[1] || (**padding)[0] != (**padding)[1] ||
      images.size(1) != weight.size(1) || options.groups() != 1 || (*options.dilation())[0] != 1 || (*options.dilation())[1] != 1 || bias.defined())
    return false;
  const Shape shape = shape_of(images, weight, stride[0], (**padding)[0]);
  return shape.is_possible() && images.is_contiguous(at::MemoryFormat::ChannelsLast) && weight.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         (shape.multiplies_for_images() || shape.multiplies_for_weights());
}

Tensor GemmConv2dImpl::forward(const Tensor& images) {
  if (!uses_gemm_ || !is_suitable(images)) return torch::nn::Conv2dImpl::forward(images);
  const auto& padding = std::get<torch::ExpandingArray<2>>(options.padding());
  return GemmConvolution::apply(images, weight, (*options.stride())[0], (*padding)[0]);
}

void use_gemm(const torch::nn::Module& module, bool value) {
  for (const auto& part : module.modules())
    if (auto* conv = part->as<GemmConv2d>()) conv->use_gemm(value);
}

}  // namespace skein
