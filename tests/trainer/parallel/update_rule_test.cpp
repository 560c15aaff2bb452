// The rules against LibTorch's optimizers, and against their papers' formulas written in tensors.

#include "trainer/parallel/update_rule.h"

#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/optim.h>
#include <torch/types.h>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/models/memory_format.h"
#include "trainer/parallel/distributed_optimizer.h"

namespace skein {
namespace {

using test::ToyNet;
constexpr int kSteps = 6;

void backward(ToyNet& net, int step) {
  test::loss_of(net, test::images(4, step), test::labels(4, step)).backward();
}

torch::Tensor train_with(const UpdateOptions& options, const DistributedOptimizerOptions& more = {}) {
  torch::Tensor result;
  run_ranks({1}, [&](Communicator& comm) {
    ToyNet net;
    to_channels_last(*net);
    DistributedOptimizer optimizer(*net, comm, options, more);
    for (int step = 0; step < kSteps; ++step) {
      backward(net, step);
      optimizer.step();
    }
    result = test::flat_parameters(*net);
  });
  return result;
}

template <class Optimizer, class Options>
torch::Tensor train_in_torch(const Options& options, double clip_norm = 0) {
  ToyNet net;
  to_channels_last(*net);
  Optimizer optimizer(net->parameters(), options);
  for (int step = 0; step < kSteps; ++step) {
    optimizer.zero_grad();
    backward(net, step);
    if (clip_norm > 0) torch::nn::utils::clip_grad_norm_(net->parameters(), clip_norm);
    optimizer.step();
  }
  return test::flat_parameters(*net);
}

void expect_close(const torch::Tensor& actual, const torch::Tensor& expected) {
  EXPECT_TRUE(torch::allclose(actual, expected, 1e-4, 3e-5)) << (actual - expected).abs().max();
}

TEST(UpdateRule, SgdIsTorchs) {
  for (const SgdOptions& o :
       {SgdOptions{.lr = 0.1}, SgdOptions{.lr = 0.1, .momentum = 0.9}, SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-2},
        SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}, SgdOptions{.lr = 0.1, .momentum = 0.8, .dampening = 0.3}})
    expect_close(train_with(o), train_in_torch<torch::optim::SGD>(torch::optim::SGDOptions(o.lr)
                                                                      .momentum(o.momentum)
                                                                      .dampening(o.dampening)
                                                                      .weight_decay(o.weight_decay)
                                                                      .nesterov(o.nesterov)));
}

TEST(UpdateRule, AdamWIsTorchs) {
  for (const AdamWOptions& o : {AdamWOptions{}, AdamWOptions{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1}})
    expect_close(train_with(o), train_in_torch<torch::optim::AdamW>(torch::optim::AdamWOptions(o.lr)
                                                                        .betas({o.beta1, o.beta2})
                                                                        .eps(o.eps)
                                                                        .weight_decay(o.weight_decay)));
}

TEST(UpdateRule, ClippingIsTorchs) {
  for (const double clip_norm : {0.01, 0.3, 1000.0}) {
    DistributedOptimizerOptions more;
    more.clip_norm = clip_norm;
    expect_close(train_with(SgdOptions{.lr = 0.5, .momentum = 0.9}, more),
                 train_in_torch<torch::optim::SGD>(torch::optim::SGDOptions(0.5).momentum(0.9), clip_norm));
  }
}

/// The formula of update_options.h, one step.
void lars_step(torch::Tensor& w, torch::Tensor& v, const LarsOptions& o) {
  const torch::Tensor g = w.grad();
  torch::Tensor d = g + o.weight_decay * w;
  if (o.weight_decay != 0) d = d * (o.trust_coefficient * w.norm() / (g.norm() + o.weight_decay * w.norm() + o.eps));
  v = o.momentum * v + d;
  w -= o.lr * (o.nesterov ? d + o.momentum * v : v);
}

void lamb_step(torch::Tensor& w, torch::Tensor& m, torch::Tensor& v, int step, const LambOptions& o) {
  const torch::Tensor g = w.grad();
  m = o.beta1 * m + (1 - o.beta1) * g;
  v = o.beta2 * v + (1 - o.beta2) * g * g;
  const torch::Tensor r = (m / (1 - std::pow(o.beta1, step))) / ((v / (1 - std::pow(o.beta2, step))).sqrt() + o.eps) + o.weight_decay * w;
  w -= o.lr * (o.weight_decay != 0 ? w.norm() / r.norm() : torch::ones({})) * r;
}

template <class Step>
torch::Tensor train_by_hand(const Step& step_of) {
  ToyNet net;
  to_channels_last(*net);
  std::vector<torch::Tensor> parameters = net->parameters();
  std::vector<torch::Tensor> first, second;
  for (const torch::Tensor& w : parameters) {
    first.push_back(torch::zeros_like(w));
    second.push_back(torch::zeros_like(w));
  }
  for (int step = 0; step < kSteps; ++step) {
    net->zero_grad();
    backward(net, step);
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters.size(); ++i) step_of(parameters[i], first[i], second[i], step + 1);
  }
  return test::flat_parameters(*net);
}

TEST(UpdateRule, LarsIsItsFormula) {
  for (const LarsOptions& o : {LarsOptions{.lr = 5}, LarsOptions{.lr = 5, .momentum = 0.5, .weight_decay = 0.1, .nesterov = true},
                               LarsOptions{.lr = 0.1, .weight_decay = 0}})
    expect_close(train_with(o), train_by_hand([&](torch::Tensor& w, torch::Tensor& v, torch::Tensor&, int) { lars_step(w, v, o); }));
}

TEST(UpdateRule, LambIsItsFormula) {
  for (const LambOptions& o : {LambOptions{.lr = 0.01}, LambOptions{.lr = 0.01, .beta1 = 0.8, .weight_decay = 0}})
    expect_close(train_with(o), train_by_hand([&](torch::Tensor& w, torch::Tensor& m, torch::Tensor& v, int step) {
                   lamb_step(w, m, v, step, o);
                 }));
}

TEST(UpdateRule, NamesTheOptionThatMakesNoSense) {
  EXPECT_THROW_SAYING(check_update_options(SgdOptions{.lr = -1}, "here"), UsageError, "here: lr is -1");
  EXPECT_THROW_SAYING(check_update_options(SgdOptions{.nesterov = true}, ""), UsageError, "nesterov needs momentum");
  EXPECT_THROW_SAYING(check_update_options(AdamWOptions{.beta2 = 1}, ""), UsageError, "beta2 is 1");
  EXPECT_THROW_SAYING(check_update_options(LarsOptions{.trust_coefficient = -1}, ""), UsageError, "trust_coefficient");
  EXPECT_THROW_SAYING(check_update_options(LambOptions{.eps = -1}, ""), UsageError, "eps is -1");
}

}  // namespace
}  // namespace skein
