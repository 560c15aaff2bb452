// SharedSgd against DataParallel and an optimizer of each rank's own: bit for bit the same parameters.

#include "trainer/parallel/shared_sgd.h"

#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/types.h>

#include "collectives/join_scope.h"
#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/models/memory_format.h"
#include "trainer/parallel/fused_sgd.h"

namespace skein {
namespace {

constexpr int kSteps = 5;
constexpr std::int64_t kBatch = 3;

/// Gradients of several chunks; one layer takes part in every other step only, on rank 0 only, another in none.
struct WideNetImpl : torch::nn::Module {
  WideNetImpl() {
    conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 7, 3)));
    wide = register_module("wide", torch::nn::Linear(7 * 4 * 4, 2500));
    extra = register_module("extra", torch::nn::Linear(2500, 33));
    unused = register_module("unused", torch::nn::Linear(5, 5));
    out = register_module("out", torch::nn::Linear(2500, 4));
    test::set_values(*this, 0.05);
  }
  torch::Tensor forward(const torch::Tensor& images, bool with_extra) {
    const torch::Tensor hidden = torch::tanh(wide(torch::relu(conv(images)).flatten(1)));
    const torch::Tensor logits = out(hidden);
    return with_extra ? logits + extra(hidden).mean() : logits;
  }
  torch::nn::Conv2d conv{nullptr};
  torch::nn::Linear wide{nullptr}, extra{nullptr}, unused{nullptr}, out{nullptr};
};
TORCH_MODULE(WideNet);

torch::Tensor loss_of(WideNet& net, int rank, int step) {
  const int seed = 10 * step + rank;
  return torch::nn::functional::cross_entropy(net(test::images(kBatch, seed), step % 2 == 0 && rank == 0),
                                              test::labels(kBatch, seed));
}

double learning_rate(int step) {
  return 0.1 / (1 + step);
}

torch::Tensor train_apart(Communicator& comm, const torch::optim::SGDOptions& options) {
  WideNet net;
  to_channels_last(*net);
  DataParallel parallel(*net, comm);
  FusedSgd sgd(net->parameters(), options);
  for (int step = 0; step < kSteps; ++step) {
    sgd.zero_grad();
    sgd.param_groups()[0].options().set_lr(learning_rate(step));
    {
      const auto no_sync = parallel.no_sync();
      loss_of(net, comm.rank(), 100 + step).backward();
    }
    loss_of(net, comm.rank(), step).backward();
    sgd.step();
  }
  return test::flat_parameters(*net);
}

torch::Tensor train_shared(Communicator& comm, const torch::optim::SGDOptions& options) {
  WideNet net;
  to_channels_last(*net);
  SharedSgd sgd(*net, comm, options);
  for (int step = 0; step < kSteps; ++step) {
    sgd.options().lr(learning_rate(step));
    {
      const auto no_sync = sgd.parallel().no_sync();
      loss_of(net, comm.rank(), 100 + step).backward();
    }
    loss_of(net, comm.rank(), step).backward();
    sgd.step();
    EXPECT_FALSE(net->out->weight.grad().defined());
    check_identical_values(comm, test::named_parameters(*net));
  }
  return test::flat_parameters(*net);
}

void expect_same_training(const std::vector<int>& hosts, const torch::optim::SGDOptions& options) {
  run_ranks(hosts, [&](Communicator& comm) {
    const torch::Tensor apart = train_apart(comm, options);
    EXPECT_TRUE(torch::equal(train_shared(comm, options), apart)) << "rank " << comm.rank();
  });
}

TEST(SharedSgd, TrainsAsDataParallelDoes) {
  const auto options = torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-3);
  for (const auto& hosts : std::vector<std::vector<int>>{{1}, {2}, {3}, {4}, {1, 1}, {2, 2}, {3, 1}})
    expect_same_training(hosts, options);
}

TEST(SharedSgd, WithEveryOption) {
  expect_same_training({2}, torch::optim::SGDOptions(0.1));
  expect_same_training({2}, torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true));
  expect_same_training({3}, torch::optim::SGDOptions(0.1).momentum(0.8).dampening(0.2));
}

TEST(SharedSgd, TheRanksOfAHostHaveTheirParametersInCommon) {
  run_ranks({2, 1}, [](Communicator& comm) {
    WideNet net;
    const torch::Tensor before = test::flat_parameters(*net);
    {
      SharedSgd sgd(*net, comm, torch::optim::SGDOptions(0.1));
      EXPECT_TRUE(torch::equal(test::flat_parameters(*net), before));
      comm.barrier();
      if (comm.rank() == 1) {
        const torch::NoGradGuard no_grad;
        net->out->bias.fill_(7);
      }
      comm.barrier();
    }
    const bool same_host = comm.topology().members[comm.rank()].host == 0;
    EXPECT_EQ(net->out->bias[0].item<float>() == 7, same_host) << "and they outlive it";
  });
}

TEST(SharedSgd, RefusesRanksThatHaveRunOutOfData) {
  run_ranks({2}, [](Communicator& comm) {
    JoinScope scope(comm);
    WideNet net;
    SharedSgd sgd(*net, scope, torch::optim::SGDOptions(0.1));
    if (comm.rank() == 1) {
      scope.join();
      return;
    }
    loss_of(net, comm.rank(), 0).backward();
    EXPECT_THROW_SAYING(sgd.step(), UsageError, "joined a JoinScope");
    scope.join();
  });
}

}  // namespace
}  // namespace skein
