// GemmConv2d against LibTorch's Conv2d.

#include "trainer/models/gemm_conv.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "trainer/models/autocast.h"
#include "trainer/parallel/data_parallel.h"

namespace skein {
namespace {

namespace nn = torch::nn;
constexpr auto kChannelsLast = torch::MemoryFormat::ChannelsLast;

GemmConv2d conv_in_channels_last(const nn::Conv2dOptions& options) {
  GemmConv2d conv(options);
  const torch::NoGradGuard no_grad;
  conv->weight.set_data(conv->weight.contiguous(kChannelsLast));
  return conv;
}

struct Result {
  torch::Tensor output, of_images, of_weight;
};

Result run(GemmConv2d& conv, const torch::Tensor& images, bool uses_gemm) {
  conv->use_gemm(uses_gemm);
  conv->zero_grad();
  const torch::Tensor leaf = images.detach().clone(kChannelsLast).requires_grad_();
  const torch::Tensor output = conv(leaf);
  (output * torch::linspace(-1, 1, output.numel()).view(output.sizes())).sum().backward();
  return {output.detach(), leaf.grad(), conv->weight.grad()};
}

void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, const std::string& what) {
  const double error = (actual - expected).abs().max().item<double>() / expected.abs().max().item<double>();
  EXPECT_LT(error, 1e-5) << what;
}

bool is_gemm(const torch::Tensor& output) {
  return output.grad_fn()->name().find("GemmConvolution") != std::string::npos;
}

/// Channels are multiples of 8: with others LibTorch 2.13 computes wrong gradients of 1 x 1 kernels with stride 2 where the
/// processor has AVX2 alone.
TEST(GemmConv2d, AgreesWithLibTorch) {
  torch::manual_seed(1);
  for (const std::int64_t kernel : {1, 2, 3, 5, 7})
    for (const std::int64_t stride : {1, 2, 3})
      for (const std::int64_t padding : {std::int64_t{0}, kernel / 2, kernel})
        for (const auto& [height, width] : {std::pair(7, 9), std::pair(8, 8), std::pair(13, 11)}) {
          GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(8, 16, kernel).stride(stride).padding(padding).bias(false));
          const torch::Tensor images = torch::randn({3, 8, height, width}).contiguous(kChannelsLast);
          const Result own = run(conv, images, true);
          const Result expected = run(conv, images, false);
          const std::string what = concat("kernel ", kernel, ", stride ", stride, ", padding ", padding, ", ", height, " x ", width);
          expect_close(own.output, expected.output, what);
          expect_close(own.of_images, expected.of_images, what + ", images");
          expect_close(own.of_weight, expected.of_weight, what + ", weight");
          EXPECT_TRUE(own.output.is_contiguous(kChannelsLast)) << what;
          EXPECT_TRUE(own.of_weight.is_contiguous(kChannelsLast)) << what;
        }
}

TEST(GemmConv2d, IsUsedForFewPixels) {
  GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(8, 8, 3).padding(1).bias(false));
  const auto of = [](std::int64_t side) { return torch::ones({8, 8, side, side}).contiguous(kChannelsLast); };
  EXPECT_TRUE(is_gemm(conv(of(2))));
  EXPECT_TRUE(is_gemm(conv(of(5)))) << "for the gradient of the weights";
  EXPECT_FALSE(is_gemm(conv(of(32))));
  conv->use_gemm(false);
  EXPECT_FALSE(is_gemm(conv(of(2))));
}

TEST(GemmConv2d, LeavesTheRestToLibTorch) {
  const torch::Tensor images = torch::randn({2, 4, 5, 5}).contiguous(kChannelsLast);
  const auto expect_libtorch = [&](const nn::Conv2dOptions& options, const torch::Tensor& input) {
    GemmConv2d conv = conv_in_channels_last(options);
    conv->to(input.scalar_type());
    const torch::Tensor output = conv(input);
    EXPECT_FALSE(is_gemm(output));
    conv->use_gemm(false);
    EXPECT_TRUE(torch::equal(output, conv(input)));
  };
  expect_libtorch(nn::Conv2dOptions(4, 4, 3), images);  // with bias
  expect_libtorch(nn::Conv2dOptions(4, 4, 3).groups(2).bias(false), images);
  expect_libtorch(nn::Conv2dOptions(4, 4, 3).dilation(2).bias(false), images);
  expect_libtorch(nn::Conv2dOptions(4, 4, {3, 1}).bias(false), images);
  expect_libtorch(nn::Conv2dOptions(4, 4, 3).padding(torch::kSame).bias(false), images);
  const nn::Conv2dOptions plain = nn::Conv2dOptions(4, 4, 3).bias(false);
  expect_libtorch(plain, images.contiguous());
  expect_libtorch(plain, images.to(torch::kFloat64));
  const AutocastGuard autocast(c10::kCPU, torch::kBFloat16, true);
  expect_libtorch(plain, images);
}

TEST(GemmConv2d, LibTorchSaysWhatCannotBe) {
  GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(4, 4, 3).bias(false));
  const auto of = [](std::int64_t channels, std::int64_t side) {
    return torch::ones({2, channels, side, side}).contiguous(kChannelsLast);
  };
  EXPECT_THROW_SAYING(conv(of(4, 2)), c10::Error, "Kernel size can't be greater than actual input size");
  EXPECT_THROW_SAYING(conv(of(5, 5)), c10::Error, "expected input", "to have 4 channels");
}

TEST(GemmConv2d, SecondDerivativesAreRefused) {
  GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(4, 4, 3).bias(false));
  const torch::Tensor loss = conv(torch::randn({2, 4, 5, 5}).contiguous(kChannelsLast)).square().sum();
  EXPECT_THROW_SAYING(torch::autograd::grad({loss}, {conv->weight}, {}, /*retain_graph=*/true, /*create_graph=*/true), UsageError,
                      "create_graph", "use_gemm(false)");
}

TEST(GemmConv2d, AWeightThatIsUsedTwiceGetsTheSum) {
  run_ranks({1}, [](Communicator& comm) {
    GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(4, 4, 3).padding(1).bias(false));
    DataParallel parallel(*conv, comm);
    const torch::Tensor images = torch::randn({2, 4, 5, 5}).contiguous(kChannelsLast);
    const auto gradient = [&](bool uses_gemm) {
      conv->use_gemm(uses_gemm);
      conv->zero_grad();
      conv(torch::relu(conv(images))).square().sum().backward();
      return conv->weight.grad().clone();
    };
    for (int step = 0; step < 2; ++step) expect_close(gradient(true), gradient(false), "weight");
  });
}

TEST(GemmConv2d, WritesTheGradientWhereDataParallelWantsIt) {
  run_ranks({2}, [](Communicator& comm) {
    GemmConv2d conv = conv_in_channels_last(nn::Conv2dOptions(4, 4, 3).padding(1).bias(false));
    DataParallel parallel(*conv, comm);
    const torch::Tensor images = torch::full({2, 4, 5, 5}, 1.0 + comm.rank()).contiguous(kChannelsLast);
    const auto loss = [&] { return conv(images).sum(); };
    loss().backward();
    const torch::Tensor average = conv->weight.grad().clone();
    const void* const place = conv->weight.grad().data_ptr();

    // Not where gradients add up, nor where somebody else asks for one.
    conv->weight.grad().mul_(3);
    loss().backward();
    EXPECT_TRUE(torch::allclose(conv->weight.grad(), 4 * average));
    conv->zero_grad();
    const torch::Tensor asked = torch::autograd::grad({loss()}, {conv->weight})[0];
    EXPECT_NE(asked.data_ptr(), place);
    {
      const auto no_sync = parallel.no_sync();
      loss().backward();
      EXPECT_EQ(conv->weight.grad().data_ptr(), place);
      loss().backward();
    }
    loss().backward();
    EXPECT_TRUE(torch::allclose(conv->weight.grad(), 3 * average));
    EXPECT_TRUE(torch::allclose(asked, average * (1.0 + comm.rank()) / 1.5));
  });
}

}  // namespace
}  // namespace skein
