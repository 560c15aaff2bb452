#include "trainer/parallel/data_parallel.h"

#include <gtest/gtest.h>
#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/models/memory_format.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

using test::ToyNet;

torch::optim::SGDOptions sgd_options() {
  return torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-3);
}

constexpr std::int64_t kGlobalBatch = 12;
constexpr int kSteps = 4;

/// Parameters after plain training of one process on the whole batch.
torch::Tensor train_alone() {
  ToyNet net;
  torch::optim::SGD sgd(net->parameters(), sgd_options());
  for (int step = 0; step < kSteps; ++step) {
    sgd.zero_grad();
    test::loss_of(net, test::images(kGlobalBatch, step), test::labels(kGlobalBatch, step)).backward();
    sgd.step();
  }
  return test::flat_parameters(*net);
}

/// The same with the batch cut into [first, last) pieces by rank, each rank's loss weighted by its number of images.
torch::Tensor train_part(Communicator& comm, const std::vector<std::int64_t>& cuts, const DataParallelOptions& options,
                         bool set_to_none = true) {
  ToyNet net;
  DataParallel parallel(*net, comm, options);
  torch::optim::SGD sgd(net->parameters(), sgd_options());
  const std::int64_t first = cuts[comm.rank()];
  const std::int64_t last = cuts[comm.rank() + 1];
  const double weight = static_cast<double>(last - first) * comm.world_size() / kGlobalBatch;
  for (int step = 0; step < kSteps; ++step) {
    sgd.zero_grad(set_to_none);
    const auto batch = test::images(kGlobalBatch, step).slice(0, first, last);
    const auto target = test::labels(kGlobalBatch, step).slice(0, first, last);
    (test::loss_of(net, batch, target) * weight).backward();
    if (!options.overlap) parallel.synchronize();
    sgd.step();
    check_identical_values(comm, test::named_parameters(*net));
  }
  return test::flat_parameters(*net);
}

std::vector<std::int64_t> even_cuts(int world_size) {
  std::vector<std::int64_t> cuts;
  for (int rank = 0; rank <= world_size; ++rank) cuts.push_back(kGlobalBatch * rank / world_size);
  return cuts;
}

void expect_same_training(const std::vector<int>& hosts, const std::vector<std::int64_t>& cuts,
                          const DataParallelOptions& options, bool set_to_none = true) {
  const torch::Tensor alone = train_alone();
  run_ranks(hosts, [&](Communicator& comm) {
    const torch::Tensor together = train_part(comm, cuts, options, set_to_none);
    if (comm.world_size() == 1)
      EXPECT_TRUE(torch::equal(together, alone));
    else
      EXPECT_LT((together - alone).abs().max().item<float>(), 2e-6f) << "world size " << comm.world_size();
  });
}

TEST(DataParallel, RanksOfSmallBatchesEqualOneRankOfTheWholeBatch) {
  for (const int world_size : {1, 2, 3, 4})
    expect_same_training({world_size}, even_cuts(world_size), test::small_buckets());
}

TEST(DataParallel, EqualsOneRankAcrossHosts) {
  expect_same_training({2, 2}, even_cuts(4), test::small_buckets());
  expect_same_training({2, 1}, even_cuts(3), test::small_buckets());
}

TEST(DataParallel, UnevenBatchesWeightedByTheirSizeEqualTheWholeBatch) {
  expect_same_training({3}, {0, 7, 11, 12}, test::small_buckets());
}

TEST(DataParallel, OneBucketZeroingInPlaceAndDeferredModeTrainAlike) {
  expect_same_training({2}, even_cuts(2), {});
  expect_same_training({2}, even_cuts(2), test::small_buckets(), /*set_to_none=*/false);
  DataParallelOptions deferred = test::small_buckets();
  deferred.overlap = false;
  expect_same_training({2}, even_cuts(2), deferred);
}

TEST(DataParallel, TwoRunsAreBitIdentical) {
  std::vector<torch::Tensor> runs(2);
  for (torch::Tensor& run : runs)
    run_ranks({3}, [&](Communicator& comm) {
      const torch::Tensor result = train_part(comm, even_cuts(3), test::small_buckets());
      if (comm.rank() == 0) run = result;
    });
  EXPECT_TRUE(torch::equal(runs[0], runs[1]));
}

TEST(DataParallel, StartsEveryRankFromRankZero) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : net->parameters()) parameter.add_(comm.rank());
    }
    DataParallel parallel(*net, comm);
    EXPECT_TRUE(torch::equal(test::flat_parameters(*net), test::flat_parameters(*ToyNet())));
  });
}

TEST(DataParallel, NoSyncAccumulatesWithoutAveraging) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    DataParallel parallel(*net, comm, test::small_buckets());
    ToyNet whole;
    const auto batch = test::images(8, 3);
    const auto target = test::labels(8, 3);
    test::loss_of(whole, batch, target).backward();
    for (int round = 0; round < 2; ++round) {  // the second with another bucket plan
      net->zero_grad();
      const auto piece = [&](int i) {
        return std::pair{batch.slice(0, i * 2, i * 2 + 2), target.slice(0, i * 2, i * 2 + 2)};
      };
      {
        const auto guard = parallel.no_sync();
        const auto [x, y] = piece(comm.rank() * 2);
        (test::loss_of(net, x, y) / 2).backward();
        torch::Tensor fc_grad = net->fc->weight.grad().clone();
        allreduce(comm, fc_grad);
        EXPECT_FALSE(torch::allclose(fc_grad / 2, net->fc->weight.grad()));  // still each rank's own
      }
      const auto [x, y] = piece(comm.rank() * 2 + 1);
      (test::loss_of(net, x, y) / 2).backward();
      for (std::size_t i = 0; i < net->parameters().size(); ++i)
        EXPECT_TRUE(torch::allclose(net->parameters()[i].grad(), whole->parameters()[i].grad(), 1e-5, 1e-6));
    }
  });
}

TEST(DataParallel, GradientsKeepTheParametersStrides) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    to_channels_last(*net);
    DataParallel parallel(*net, comm, test::small_buckets());
    test::loss_of(net, test::images(4, comm.rank()), test::labels(4, 0)).backward();
    for (const auto& parameter : net->parameters()) EXPECT_EQ(parameter.grad().strides(), parameter.strides());
  });
}

TEST(DataParallel, SynchronizesBuffers) {
  run_ranks({2}, [](Communicator& comm) {
    torch::nn::BatchNorm2d norm(3);
    DataParallel parallel(*norm, comm);
    norm(test::images(4, comm.rank())).sum().backward();
    const auto means = [](int rank) { return test::images(4, rank).mean(at::IntArrayRef{0, 2, 3}) * 0.1; };
    parallel.synchronize_buffers();
    EXPECT_TRUE(torch::allclose(norm->running_mean, (means(0) + means(1)) / 2, 1e-5, 1e-7));
    EXPECT_EQ(norm->num_batches_tracked.item<std::int64_t>(), 1);
  });
}

/// Sends the gradients in bfloat16.
class Bf16Hook final : public CommunicationHook {
 public:
  Work start(GradientBucket& bucket, Communicator& comm) override {
    small_[bucket.index] = bucket.gradients.to(torch::kBFloat16);
    return comm.allreduce_async(as_buffer(small_[bucket.index]), ReduceOp::kAverage, bucket.name);
  }
  Work proceed(GradientBucket& bucket, Communicator&) override {
    bucket.gradients.copy_(small_.at(bucket.index));
    return {};
  }

 private:
  std::map<std::size_t, torch::Tensor> small_;
};

TEST(DataParallel, ACommunicationHookDecidesWhatTravels) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    DataParallelOptions options = test::small_buckets();
    options.communication_hook = std::make_shared<Bf16Hook>();
    DataParallel parallel(*net, comm, options);
    test::loss_of(net, test::images(4, comm.rank()), test::labels(4, 0)).backward();
    for (const auto& parameter : net->parameters())
      EXPECT_TRUE(torch::equal(parameter.grad(), parameter.grad().to(torch::kBFloat16).to(torch::kFloat32)));
  });
}

}  // namespace
}  // namespace skein
