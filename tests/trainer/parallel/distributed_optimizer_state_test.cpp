// A training that goes on from a saved state is bit for bit the one that was not interrupted.

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/wide_net.h"
#include "trainer/parallel/distributed_optimizer.h"

namespace skein {
namespace {

using test::WideNet;
constexpr int kBefore = 3;
constexpr int kAfter = 3;
constexpr StatePlacement kPlacements[] = {StatePlacement::kReplicated, StatePlacement::kHost, StatePlacement::kSharded};

void train(Communicator& comm, WideNet& net, DistributedOptimizer& optimizer, int first, int last) {
  for (int step = first; step < last; ++step) {
    test::loss_of(net, comm.rank(), step).backward();
    optimizer.step();
  }
}

torch::Tensor both(WideNet& net, DistributedOptimizer& optimizer) {
  const torch::Tensor trained = test::flat_parameters(*net);
  optimizer.exchange_with_average();
  return torch::cat({trained, test::flat_parameters(*net)});
}

DistributedOptimizerOptions options_of(StatePlacement placement) {
  DistributedOptimizerOptions more;
  more.placement = placement;
  more.moving_average = MovingAverageOptions{.decay = 0.9};
  return more;
}

/// What rank 0 has copied, as every rank would read it from a file.
struct Saved {
  OptimizerState state;
  torch::Tensor parameters;
  std::vector<std::string> order;
};

TEST(DistributedOptimizerState, GoesOnBitForBitWhateverThePlacement) {
  for (const std::vector<int>& hosts : std::vector<std::vector<int>>{{2}, {2, 1}, {1, 1, 1}})
    for (const UpdateOptions& rule : std::vector<UpdateOptions>{SgdOptions{.lr = 0.1, .momentum = 0.9}, LambOptions{}})
      for (const StatePlacement from : kPlacements)
        for (const StatePlacement to : kPlacements) {
          Saved saved;
          run_ranks(hosts, [&](Communicator& comm) {
            WideNet net;
            DistributedOptimizer optimizer(*net, comm, rule, options_of(from));
            train(comm, net, optimizer, 0, kBefore);
            const OptimizerState state = optimizer.state();
            EXPECT_EQ(state.empty(), comm.rank() != 0);
            if (comm.rank() == 0) {
              for (const auto& [name, tensor] : state) saved.state[name] = tensor.clone();
              saved.parameters = test::flat_parameters(*net).clone();
              saved.order = optimizer.parallel().gradient_order();
            }
            comm.barrier();
            train(comm, net, optimizer, kBefore, kBefore + kAfter);
            const torch::Tensor expected = both(net, optimizer);

            WideNet resumed;
            std::int64_t begin = 0;
            {
              const torch::NoGradGuard no_grad;
              for (torch::Tensor& parameter : resumed->parameters()) {
                parameter.copy_(saved.parameters.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
                begin += parameter.numel();
              }
            }
            DistributedOptimizerOptions more = options_of(to);
            more.gradient_order = saved.order;
            DistributedOptimizer second(*resumed, comm, rule, more);
            second.load_state(saved.state);
            train(comm, resumed, second, kBefore, kBefore + kAfter);
            const torch::Tensor actual = both(resumed, second);
            const bool adds_otherwise =
                hosts.size() > 1 && (from == StatePlacement::kSharded) != (to == StatePlacement::kSharded);
            EXPECT_TRUE(adds_otherwise ? torch::allclose(actual, expected, 1e-4, 1e-6) : torch::equal(actual, expected))
                << hosts.size() << " hosts, " << rule_name(rule) << ", " << static_cast<int>(from) << " to " << static_cast<int>(to);
          });
        }
}

TEST(DistributedOptimizerState, IsWrittenAsItWasRead) {
  run_ranks({2}, [](Communicator& comm) {
    for (const StatePlacement placement : kPlacements) {
      WideNet net;
      DistributedOptimizer optimizer(*net, comm, AdamWOptions{}, options_of(placement));
      const OptimizerState fresh = optimizer.state();
      if (comm.rank() == 0) {
        EXPECT_TRUE(torch::equal(fresh.at("average.out.weight"), net->out->weight)) << "it starts at the parameters";
      }
      comm.barrier();
      OptimizerState given;
      for (const auto& [name, parameter] : test::named_parameters(*net))
        for (const char* kind : {"exp_avg.", "exp_avg_sq.", "average."})
          given[kind + name] = test::values({parameter.numel()}, 3).view(parameter.sizes());
      given["steps"] = torch::full({static_cast<std::int64_t>(net->parameters().size())}, 7, torch::kInt64);
      optimizer.load_state(given);
      const OptimizerState state = optimizer.state();
      for (const auto& [name, tensor] : state) EXPECT_TRUE(torch::equal(tensor, given.at(name))) << name;
    }
  });
}

TEST(DistributedOptimizerState, RefusesAnothersState) {
  run_ranks({1}, [](Communicator& comm) {
    WideNet net;
    DistributedOptimizer optimizer(*net, comm, SgdOptions{.momentum = 0.9});
    OptimizerState state = optimizer.state();
    const torch::Tensor momentum = state.at("momentum.out.bias");
    state["momentum.out.bias"] = torch::zeros({3});
    EXPECT_THROW_SAYING(optimizer.load_state(state), DataError, "momentum.out.bias of shape");
    state.erase("momentum.out.bias");
    EXPECT_THROW_SAYING(optimizer.load_state(state), DataError, "has no momentum.out.bias");
    state["momentum.out.bias"] = momentum;
    state["exp_avg.out.bias"] = momentum;
    EXPECT_THROW_SAYING(optimizer.load_state(state), DataError, "of which this optimizer (sgd) knows");
  });
}

}  // namespace
}  // namespace skein
