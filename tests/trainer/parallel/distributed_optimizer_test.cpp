// DistributedOptimizer with the state in every place: bit for bit the same parameters.

#include "trainer/parallel/distributed_optimizer.h"

#include <gtest/gtest.h>

#include "collectives/join_scope.h"
#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/wide_net.h"
#include "trainer/models/memory_format.h"

namespace skein {
namespace {

using test::WideNet;
constexpr int kSteps = 5;
constexpr StatePlacement kPlacements[] = {StatePlacement::kReplicated, StatePlacement::kHost, StatePlacement::kSharded};

DistributedOptimizerOptions placed(StatePlacement placement, DistributedOptimizerOptions more = {}) {
  more.placement = placement;
  return more;
}

torch::Tensor train(Communicator& comm, const UpdateOptions& options, const DistributedOptimizerOptions& more) {
  WideNet net;
  to_channels_last(*net);
  DistributedOptimizer optimizer(*net, comm, options, more);
  const double first_rate = learning_rate_of(options);
  for (int step = 0; step < kSteps; ++step) {
    optimizer.set_learning_rate(first_rate / (1 + step));
    {
      const auto no_sync = optimizer.parallel().no_sync();
      test::loss_of(net, comm.rank(), 100 + step).backward();
    }
    test::loss_of(net, comm.rank(), step).backward();
    optimizer.step(0.5);
    EXPECT_FALSE(net->out->weight.grad().defined());
    check_identical_values(comm, test::named_parameters(*net));
  }
  torch::Tensor trained = test::flat_parameters(*net);
  if (!more.moving_average) return trained;
  optimizer.exchange_with_average();
  check_identical_values(comm, test::named_parameters(*net));
  const torch::Tensor averages = test::flat_parameters(*net);
  optimizer.exchange_with_average();
  EXPECT_TRUE(torch::equal(test::flat_parameters(*net), trained));
  EXPECT_FALSE(torch::equal(averages, trained));
  return torch::cat({trained, averages});
}

void expect_same_training(const std::vector<int>& hosts, const UpdateOptions& options,
                          const DistributedOptimizerOptions& more = {}) {
  run_ranks(hosts, [&](Communicator& comm) {
    const torch::Tensor expected = train(comm, options, placed(StatePlacement::kReplicated, more));
    EXPECT_TRUE(torch::equal(train(comm, options, placed(StatePlacement::kHost, more)), expected)) << "rank " << comm.rank();
    const torch::Tensor sharded = train(comm, options, placed(StatePlacement::kSharded, more));
    if (comm.topology().num_hosts() == 1)
      EXPECT_TRUE(torch::equal(sharded, expected)) << "rank " << comm.rank();
    else  // a reduce-scatter between hosts adds in another order
      EXPECT_LT((sharded - expected).abs().mean().item<double>(), 1e-6);
  });
}

const std::vector<std::vector<int>> kLayouts{{1}, {2}, {3}, {1, 1}, {2, 2}, {3, 1}};

TEST(DistributedOptimizer, TrainsTheSameWhereverTheStateIs) {
  for (const auto& hosts : kLayouts) expect_same_training(hosts, SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3});
}

TEST(DistributedOptimizer, WithEveryRule) {
  for (const auto& hosts : std::vector<std::vector<int>>{{2}, {2, 1}})
    for (const UpdateOptions& options : std::vector<UpdateOptions>{
             SgdOptions{.lr = 0.1}, SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}, AdamWOptions{}, LarsOptions{}, LambOptions{}})
      expect_same_training(hosts, options);
}

TEST(DistributedOptimizer, WithClippingGroupsAndMovingAverage) {
  for (const auto& hosts : std::vector<std::vector<int>>{{2}, {3}, {2, 1}}) {
    DistributedOptimizerOptions more;
    more.clip_norm = 0.02;
    more.moving_average = MovingAverageOptions{.decay = 0.8, .every = 2};
    more.groups = {{{"conv.weight", "out.bias"}, LambOptions{.lr = 0.1, .weight_decay = 0}}};
    expect_same_training(hosts, LambOptions{}, more);
    more.groups = {{{"conv.weight", "out.bias"}, SgdOptions{.lr = 0.01}}};
    expect_same_training(hosts, SgdOptions{.lr = 0.1, .momentum = 0.9}, more);
  }
}

TEST(DistributedOptimizer, AGroupHasItsOwnOptions) {
  run_ranks({2}, [](Communicator& comm) {
    WideNet net;
    DistributedOptimizerOptions more;
    more.groups = {{{"conv.weight", "conv.bias"}, SgdOptions{.lr = 0}}, {{"out.bias"}, SgdOptions{.lr = 0.2}}};
    DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1}, more);
    const torch::Tensor conv = net->conv->weight.detach().clone();
    const torch::Tensor wide = net->wide->weight.detach().clone();
    optimizer.set_learning_rate(0.05);
    EXPECT_DOUBLE_EQ(learning_rate_of(optimizer.options(2)), 0.1) << "in proportion";
    test::loss_of(net, comm.rank(), 0).backward();
    optimizer.step();
    EXPECT_TRUE(torch::equal(net->conv->weight, conv));
    EXPECT_FALSE(torch::equal(net->wide->weight, wide));
  });
}

TEST(DistributedOptimizer, ReturnsTheNormOfTheGradients) {
  run_ranks({2, 1}, [](Communicator& comm) {
    for (const StatePlacement placement : kPlacements) {
      WideNet net;
      DataParallel parallel(*net, comm);
      test::loss_of(net, comm.rank(), 0).backward();
      double sum = 0;
      for (const torch::Tensor& parameter : net->parameters())
        if (parameter.grad().defined()) sum += parameter.grad().to(torch::kFloat64).square().sum().item<double>();
      WideNet own;
      DistributedOptimizerOptions more = placed(placement);
      more.clip_norm = 1;
      DistributedOptimizer optimizer(*own, comm, SgdOptions{}, more);
      test::loss_of(own, comm.rank(), 0).backward();
      EXPECT_NEAR(optimizer.step(3), 3 * std::sqrt(sum), 1e-6 * std::sqrt(sum));
    }
  });
}

TEST(DistributedOptimizer, SkipsAStep) {
  run_ranks({2}, [](Communicator& comm) {
    WideNet net;
    DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1});
    const torch::Tensor before = test::flat_parameters(*net);
    test::loss_of(net, comm.rank(), 0).backward();
    optimizer.skip();
    EXPECT_TRUE(torch::equal(test::flat_parameters(*net), before));
    test::loss_of(net, comm.rank(), 1).backward();
    optimizer.step();
    WideNet other;
    DistributedOptimizer plain(*other, comm, SgdOptions{.lr = 0.1});
    test::loss_of(other, comm.rank(), 1).backward();
    plain.step();
    EXPECT_TRUE(torch::equal(test::flat_parameters(*net), test::flat_parameters(*other))) << "nothing is left of it";
  });
}

TEST(DistributedOptimizer, TheRanksOfAHostHaveTheirParametersInCommon) {
  run_ranks({2, 1}, [](Communicator& comm) {
    WideNet net;
    const torch::Tensor before = test::flat_parameters(*net);
    {
      DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1});
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

TEST(DistributedOptimizer, RefusesRanksThatHaveRunOutOfData) {
  run_ranks({2}, [](Communicator& comm) {
    JoinScope scope(comm);
    WideNet net;
    DistributedOptimizer optimizer(*net, scope, SgdOptions{.lr = 0.1});
    if (comm.rank() == 1) {
      scope.join();
      return;
    }
    test::loss_of(net, comm.rank(), 0).backward();
    EXPECT_THROW_SAYING(optimizer.step(), UsageError, "joined a JoinScope");
    scope.join();
  });
}

TEST(DistributedOptimizer, RefusesWhatItCannotDo) {
  run_ranks({2}, [](Communicator& comm) {
    WideNet net;
    const auto make = [&](const UpdateOptions& options, const DistributedOptimizerOptions& more) {
      DistributedOptimizer(*net, comm, options, more);
    };
    DistributedOptimizerOptions more;
    more.groups = {{{"conv.wight"}, SgdOptions{}}};
    EXPECT_THROW_SAYING(make(SgdOptions{}, more), UsageError, "no parameter conv.wight");
    more.groups = {{{"conv.weight"}, SgdOptions{}}, {{"conv.weight"}, SgdOptions{}}};
    EXPECT_THROW_SAYING(make(SgdOptions{}, more), UsageError, "conv.weight is in group 1 too");
    more.groups = {{{"conv.weight"}, AdamWOptions{}}};
    EXPECT_THROW_SAYING(make(SgdOptions{}, more), UsageError, "has the rule adamw, the other parameters sgd");
    EXPECT_THROW_SAYING(make(SgdOptions{.lr = comm.rank() + 1.0}, {}), MismatchError, "options of rank 1");
    DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1});
    test::loss_of(net, comm.rank(), 0).backward();
    net->out->bias.mutable_grad() = net->out->bias.grad().clone();
    EXPECT_THROW_SAYING(optimizer.step(), UsageError, "gradient of out.bias was replaced");
    std::get<SgdOptions>(optimizer.options()).momentum = 0.9;
    EXPECT_THROW_SAYING(optimizer.step(), UsageError, "momentum was 0");
  });
}

}  // namespace
}  // namespace skein
