#include "trainer/parallel/training_state.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/wide_net.h"

namespace skein {
namespace {

using test::WideNet;

void train(Communicator& comm, WideNet& net, DistributedOptimizer& optimizer, int first, int last) {
  for (int step = first; step < last; ++step) {
    test::loss_of(net, comm.rank(), step).backward();
    optimizer.step();
  }
}

TEST(TrainingState, GoesOnBitForBit) {
  for (const StatePlacement placement : {StatePlacement::kReplicated, StatePlacement::kHost, StatePlacement::kSharded})
    run_ranks({2, 1}, [&](Communicator& comm) {
      const SgdOptions rule{.lr = 0.1, .momentum = 0.9};
      DistributedOptimizerOptions more;
      more.placement = placement;
      WideNet net;
      DistributedOptimizer optimizer(*net, comm, rule, more);
      train(comm, net, optimizer, 0, 3);
      const TensorMap state = training_state(*net, optimizer);
      EXPECT_EQ(state.empty(), comm.rank() != 0);
      train(comm, net, optimizer, 3, 6);
      WideNet other;
      DistributedOptimizer resumed(*other, comm, rule, more);
      load_training_state(*other, resumed, comm, state);
      train(comm, other, resumed, 3, 6);
      EXPECT_TRUE(torch::equal(test::flat_parameters(*other), test::flat_parameters(*net)));
    });
}

TEST(TrainingState, SaysOnAllRanksWhatDoesNotFit) {
  run_ranks({2}, [&](Communicator& comm) {
    WideNet net;
    DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1, .momentum = 0.9});
    train(comm, net, optimizer, 0, 1);
    const TensorMap state = training_state(*net, optimizer);
    const torch::Tensor before = test::flat_parameters(*net).clone();
    const std::string name = "model." + net->named_parameters().keys().front();
    comm.barrier();
    TensorMap changed = state;
    changed.erase(name);
    EXPECT_ERROR(DataError, "there is no " + name, load_training_state(*net, optimizer, comm, changed));
    changed[name] = torch::zeros({1, 2, 3, 4, 5});
    EXPECT_ERROR(DataError, name + " has the shape", load_training_state(*net, optimizer, comm, changed));
    changed = state;
    changed["model.more"] = torch::zeros({1});
    EXPECT_ERROR(DataError, "tensors of a model that has", load_training_state(*net, optimizer, comm, changed));
    changed = state;
    changed.erase("optimizer.steps");
    EXPECT_ERROR(DataError, "the optimizer's state has no steps", load_training_state(*net, optimizer, comm, changed));
    EXPECT_TRUE(torch::equal(test::flat_parameters(*net), before));
  });
}

}  // namespace
}  // namespace skein
