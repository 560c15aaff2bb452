// GemmConv2d beside LibTorch's convolution, forward and backward, in turns: which is the faster for how many pixels.

#include <torch/torch.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/statistics.h"
#include "runtime/process/deadline.h"
#include "trainer/models/gemm_conv.h"
#include "trainer/parallel/allocation.h"

namespace skein::bench {
namespace {

struct Options {
  int batch_size = 8;
  int num_iters = 30;
  int threads = 1;
  std::filesystem::path json;
};

OptionTable make_option_table(Options& options) {
  OptionTable table("conv_perf", "Measures convolutions of a ResNet's sizes as matrix products beside LibTorch's, on one rank.",
                    SKEIN_VERSION);
  table.group("Options");
  table.add("--batch-size,-b", options.batch_size, "images").unit("IMAGES").at_least(1);
  table.add("--num-iters", options.num_iters, "turns of each").at_least(1);
  table.add("--threads", options.threads, "for computation").at_least(1);
  table.add("--json", options.json, "write the figures to this file").unit("FILE");
  return table;
}

struct Layer {
  std::int64_t in, out, kernel;
};
constexpr Layer kLayers[] = {{64, 64, 3},    {128, 128, 3},  {256, 256, 3},  {512, 512, 3},
                             {256, 1024, 1}, {1024, 256, 1}, {512, 2048, 1}, {2048, 512, 1}};
constexpr std::int64_t kSides[] = {1, 2, 4, 7, 8, 14};  // of the image

class Turn {
 public:
  Turn(const Layer& layer, std::int64_t num_images, std::int64_t side)
      : conv_(torch::nn::Conv2dOptions(layer.in, layer.out, layer.kernel).padding(layer.kernel / 2).bias(false)) {
    const torch::NoGradGuard no_grad;
    conv_->weight.set_data(conv_->weight.contiguous(torch::MemoryFormat::ChannelsLast));
    images_ = torch::randn({num_images, layer.in, side, side}).contiguous(torch::MemoryFormat::ChannelsLast);
    images_.requires_grad_();
  }
  /// Milliseconds of forward and backward.
  double run(bool uses_gemm) {
    conv_->use_gemm(uses_gemm);
    conv_->zero_grad();
    images_.mutable_grad().reset();
    const auto start = Clock::now();
    const torch::Tensor output = conv_(images_);
    output.backward(output.detach());
    return 1e3 * seconds_since(start);
  }

 private:
  GemmConv2d conv_;
  torch::Tensor images_;
};

nlohmann::json measure(const Layer& layer, std::int64_t side, const Options& options) {
  Turn turn(layer, options.batch_size, side);
  std::vector<double> own;
  std::vector<double> libtorch;
  for (int i = -2; i < options.num_iters; ++i) {
    const double without = turn.run(false);
    const double with = turn.run(true);
    if (i < 0) continue;
    libtorch.push_back(without);
    own.push_back(with);
  }
  const std::int64_t num_pixels = options.batch_size * side * side;
  const double ratio = median(libtorch) / median(own);
  std::printf("%4d -> %4d  %d x %d  %5d pixels   %8.3f ms   %8.3f ms   %5.2f\n", static_cast<int>(layer.in), static_cast<int>(layer.out),
              static_cast<int>(layer.kernel), static_cast<int>(layer.kernel), static_cast<int>(num_pixels), median(own), median(libtorch), ratio);
  return {{"in", layer.in},   {"out", layer.out},          {"kernel", layer.kernel}, {"pixels", num_pixels},
          {"ms", median(own)}, {"libtorch_ms", median(libtorch)}, {"ratio", ratio}};
}

int run(World& world, const Options& options, const OptionTable& table) {
  Report report(options.json, table, world);
  torch::set_num_threads(options.threads);
  keep_freed_memory();
  std::printf("                       of all images   GemmConv2d     LibTorch   ratio\n");
  nlohmann::json figures = nlohmann::json::array();
  for (const Layer& layer : kLayers)
    for (const std::int64_t side : kSides) figures.push_back(measure(layer, side, options));
  report.write({{"benchmark", "conv_perf"}, {"layers", figures}});
  return 0;
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  skein::bench::Options options;
  skein::OptionTable table = skein::bench::make_option_table(options);
  return skein::bench::benchmark_main(argc, argv, table,
                                      [&](skein::World& world) { return skein::bench::run(world, options, table); });
}
