// Modules whose parameters take part in unusual ways.

#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/parallel/data_parallel.h"

namespace skein {
namespace {

torch::optim::SGDOptions sgd_options() {
  return torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-3);
}

/// Which of two branches takes part is up to the caller.
struct BranchesImpl : torch::nn::Module {
  BranchesImpl() {
    left = register_module("left", torch::nn::Linear(4, 2));
    right = register_module("right", torch::nn::Linear(4, 2));
    never = register_module("never", torch::nn::Linear(4, 2));
    test::set_values(*this);
  }
  torch::nn::Linear left{nullptr};
  torch::nn::Linear right{nullptr};
  torch::nn::Linear never{nullptr};
};
TORCH_MODULE(Branches);

TEST(DataParallel, ParametersUnusedOnSomeRanksAverageWithZeros) {
  run_ranks({2}, [](Communicator& comm) {
    Branches net;
    DataParallelOptions options;
    options.buckets = {16, 16};
    DataParallel parallel(*net, comm, options);
    const auto input = test::values({3, 4}, 5);
    for (int step = 0; step < 3; ++step) {
      net->zero_grad();
      auto& branch = comm.rank() == 0 ? net->left : net->right;
      branch(input).sum().backward();
      const auto expected = input.sum(0).unsqueeze(0).expand({2, 4}) / 2;
      EXPECT_TRUE(torch::allclose(net->left->weight.grad(), expected));
      EXPECT_TRUE(torch::allclose(net->right->weight.grad(), expected));
      EXPECT_FALSE(net->never->weight.grad().defined());
    }
  });
}

TEST(DataParallel, AParameterUsedOnNoRankKeepsItsGradient) {
  run_ranks({3}, [](Communicator& comm) {
    Branches net;
    DataParallel parallel(*net, comm);
    const auto input = test::values({3, 4}, 5);
    (net->left(input).sum() + net->right(input).sum() / 3).backward();
    const auto kept = net->right->weight.grad().clone();
    net->left->zero_grad();
    net->left(input).sum().backward();  // right takes no part now, and its gradient was not reset
    EXPECT_TRUE(torch::equal(net->right->weight.grad(), kept));
  });
}

TEST(DataParallel, ARankWhoseLossReachesNoParameterSynchronizes) {
  run_ranks({2}, [](Communicator& comm) {
    Branches net;
    DataParallel parallel(*net, comm);
    const auto input = test::values({3, 4}, 5);
    if (comm.rank() == 0)
      net->left(input).sum().backward();
    else
      parallel.synchronize();
    EXPECT_TRUE(torch::allclose(net->left->weight.grad(), input.sum(0).unsqueeze(0).expand({2, 4}) / 2));
  });
}

TEST(DataParallel, TwoModulesTwoOptimizersTwoBackwards) {
  run_ranks({2}, [](Communicator& comm) {
    torch::nn::Linear generator(3, 4);
    torch::nn::Linear critic(4, 1);
    test::set_values(*generator);
    test::set_values(*critic);
    DataParallel parallel_generator(*generator, comm);
    DataParallel parallel_critic(*critic, comm);
    torch::optim::SGD generator_sgd(generator->parameters(), sgd_options());
    torch::optim::SGD critic_sgd(critic->parameters(), sgd_options());
    for (int step = 0; step < 3; ++step) {
      const auto noise = test::values({5, 3}, step * 2 + comm.rank());
      critic_sgd.zero_grad();
      critic(generator(noise).detach()).mean().backward();
      critic_sgd.step();
      generator_sgd.zero_grad();
      (-critic(generator(noise))).mean().backward();  // reaches the critic as well
      generator_sgd.step();
      check_identical_values(comm, test::named_parameters(*generator));
      check_identical_values(comm, test::named_parameters(*critic));
    }
  });
}

struct TiedImpl : torch::nn::Module {
  TiedImpl() {
    first = register_parameter("first", test::values({3, 3}, 1));
    second = register_parameter("second", first);
  }
  torch::Tensor first;
  torch::Tensor second;
};
TORCH_MODULE(Tied);

TEST(DataParallel, SharedWeightsAreAveragedOnce) {
  run_ranks({2}, [](Communicator& comm) {
    Tied net;
    DataParallel parallel(*net, comm);
    const auto input = test::values({2, 3}, comm.rank());
    input.matmul(net->first).matmul(net->second).sum().backward();
    torch::Tensor expected = torch::zeros({3, 3});
    for (int rank = 0; rank < 2; ++rank) {
      const auto weight = test::values({3, 3}, 1).requires_grad_();
      test::values({2, 3}, rank).matmul(weight).matmul(weight).sum().backward();
      expected += weight.grad() / 2;
    }
    EXPECT_TRUE(torch::allclose(net->first.grad(), expected, 1e-5, 1e-6));
  });
}

TEST(DataParallel, FollowsRankZerosOrderOfUse) {
  run_ranks({2}, [](Communicator& comm) {
    Branches net;
    DataParallelOptions options;
    options.buckets = {1, 1};  // a bucket for each parameter
    DataParallel parallel(*net, comm, options);
    EXPECT_EQ(parallel.num_buckets(), 6u);
    const auto input = test::values({3, 4}, 5);
    for (int step = 0; step < 3; ++step) {
      net->zero_grad();
      (comm.rank() == 0 ? net->never(net->left(input).repeat({1, 2})) : net->left(net->never(input).repeat({1, 2})))
          .sum()
          .backward();  // the ranks disagree about the order, yet each bucket meets its like
      check_identical_values(comm, {{"left", net->left->weight.grad()}, {"never", net->never->weight.grad()}});
    }
  });
}

}  // namespace
}  // namespace skein
