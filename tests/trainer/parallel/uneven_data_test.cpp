// DataParallel in a JoinScope: ranks with fewer batches than others.

#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <algorithm>

#include "collectives/join_scope.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/parallel/data_parallel.h"

namespace skein {
namespace {

using test::ToyNet;

constexpr int kNumEpochs = 2;
constexpr std::int64_t kBatch = 3;

double seed_of(int epoch, int step, int rank) {
  return 100 * epoch + 10 * step + rank;
}

torch::Tensor loss_of_step(ToyNet& net, int epoch, int step, int rank) {
  return test::loss_of(net, test::images(kBatch, seed_of(epoch, step, rank)), test::labels(kBatch, step + rank));
}

/// One process that averages the losses of the ranks that have a batch. Without momentum, which would be each rank's own.
torch::Tensor train_alone(const std::vector<int>& num_batches) {
  ToyNet net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1));
  for (int epoch = 0; epoch < kNumEpochs; ++epoch) {
    for (int step = 0; step < *std::max_element(num_batches.begin(), num_batches.end()); ++step) {
      std::vector<torch::Tensor> losses;
      for (int rank = 0; rank < static_cast<int>(num_batches.size()); ++rank)
        if (step < num_batches[rank]) losses.push_back(loss_of_step(net, epoch, step, rank));
      sgd.zero_grad();
      torch::stack(losses).mean().backward();
      sgd.step();
    }
  }
  return test::flat_parameters(*net);
}

void train_unevenly(const std::vector<int>& local_sizes, const std::vector<int>& num_batches) {
  const torch::Tensor expected = train_alone(num_batches);
  run_ranks(local_sizes, [&](Communicator& comm) {
    JoinScope scope(comm);
    ToyNet net;
    DataParallel parallel(*net, scope, test::small_buckets());
    torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.1));
    for (int epoch = 0; epoch < kNumEpochs; ++epoch) {
      for (int step = 0; step < num_batches[comm.rank()]; ++step) {
        sgd.zero_grad();
        loss_of_step(net, epoch, step, comm.rank()).backward();
        sgd.step();
      }
      parallel.broadcast_state(scope.join());
      check_identical_values(comm, test::named_parameters(*net));
    }
    EXPECT_TRUE(torch::allclose(test::flat_parameters(*net), expected, 1e-4, 1e-5));
  });
}

TEST(DataParallelOverJoinScope, AveragesOverTheRanksThatHaveData) {
  train_unevenly({3}, {1, 4, 2});
}

TEST(DataParallelOverJoinScope, OnSeveralHosts) {
  train_unevenly({2, 1}, {3, 1, 2});
}

TEST(DataParallelOverJoinScope, ARankWithoutAnyData) {
  train_unevenly({3}, {0, 2, 1});
}

TEST(DataParallelOverJoinScope, TheLastRankAlone) {
  train_unevenly({2}, {5, 0});
}

}  // namespace
}  // namespace skein
