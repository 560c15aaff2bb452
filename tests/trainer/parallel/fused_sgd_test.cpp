#include "trainer/parallel/fused_sgd.h"

#include <gtest/gtest.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "tests/trainer/parallel/toy_models.h"
#include "trainer/models/memory_format.h"

namespace skein {
namespace {

template <class Optimizer>
torch::Tensor train(const torch::optim::SGDOptions& options, bool channels_last) {
  test::ToyNet net;
  if (channels_last) to_channels_last(*net);
  Optimizer optimizer(net->parameters(), options);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    test::loss_of(net, test::images(4, step), test::labels(4, step)).backward();
    optimizer.step();
  }
  return test::flat_parameters(*net);
}

TEST(FusedSgd, UpdatesAsTorchDoes) {
  using Options = torch::optim::SGDOptions;
  for (const Options& options :
       {Options(0.1), Options(0.1).momentum(0.9), Options(0.1).momentum(0.9).weight_decay(1e-2),
        Options(0.1).momentum(0.9).nesterov(true), Options(0.1).momentum(0.8).dampening(0.3)})
    for (const bool channels_last : {false, true})
      EXPECT_TRUE(torch::allclose(train<FusedSgd>(options, channels_last),
                                  train<torch::optim::SGD>(options, channels_last), 1e-5, 1e-6))
          << "momentum " << options.momentum() << " nesterov " << options.nesterov() << " channels_last "
          << channels_last;
}

TEST(FusedSgd, LeavesParametersWithoutGradientAlone) {
  test::ToyNet net;
  FusedSgd sgd(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  const auto before = test::flat_parameters(*net);
  sgd.step();
  EXPECT_TRUE(torch::equal(before, test::flat_parameters(*net)));
}

}  // namespace
}  // namespace skein
