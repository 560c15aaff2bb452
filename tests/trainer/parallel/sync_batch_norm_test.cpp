// SyncBatchNorm2d on several ranks against BatchNorm2d on all images at once.

#include "trainer/parallel/sync_batch_norm.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <numeric>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/parallel/data_parallel.h"

namespace skein {
namespace {

template <class Norm>
struct NormNetImpl : torch::nn::Module {
  NormNetImpl() {
    conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 6, 3)));
    norm = register_module("norm", Norm(6));
    fc = register_module("fc", torch::nn::Linear(6 * 4 * 4, 4));
    test::set_values(*this);
  }
  torch::Tensor forward(const torch::Tensor& images) { return fc(torch::tanh(norm(conv(images))).flatten(1)); }
  torch::nn::Conv2d conv{nullptr};
  Norm norm{nullptr};
  torch::nn::Linear fc{nullptr};
};

constexpr int kSteps = 4;

template <class Net>
void step(Net& net, const torch::Tensor& images, const torch::Tensor& labels, double weight) {
  net.zero_grad();
  const torch::Tensor logits = net.forward(images);
  if (images.size(0) == 0) return logits.sum().backward();
  (torch::nn::functional::cross_entropy(logits, labels) * weight).backward();
}

template <class Net>
void descend(Net& net) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : net.parameters()) parameter -= 0.1 * parameter.grad();
}

void expect_close(const torch::Tensor& actual, const torch::Tensor& expected, const std::string& name) {
  EXPECT_TRUE(torch::allclose(actual, expected, 1e-5, 1e-5)) << name << " " << (actual - expected).abs().max();
}

/// Images of each rank.
void expect_as_one_rank(const std::vector<int>& hosts, const std::vector<std::int64_t>& counts, bool channels_last) {
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  run_ranks(hosts, [&](Communicator& comm) {
    NormNetImpl<torch::nn::BatchNorm2d> whole;
    NormNetImpl<SyncBatchNorm2d> part;
    const auto own = comm.split([&] {
      std::vector<int> all(comm.world_size());
      std::iota(all.begin(), all.end(), 0);
      return all;
    }());
    synchronize_batch_norm(part, *own);
    DataParallel parallel(part, comm);
    std::int64_t begin = 0;
    for (int rank = 0; rank < comm.rank(); ++rank) begin += counts[rank];
    for (int i = 0; i < kSteps; ++i) {
      torch::Tensor images = test::images(total, i);
      if (channels_last) images = images.contiguous(torch::MemoryFormat::ChannelsLast);
      const torch::Tensor labels = test::labels(total, i);
      step(whole, images, labels, 1);
      descend(whole);
      const std::int64_t count = counts[comm.rank()];
      step(part, images.narrow(0, begin, count), labels.narrow(0, begin, count),
           static_cast<double>(count) * comm.world_size() / static_cast<double>(total));
      descend(part);
    }
    for (const auto& item : whole.named_parameters()) expect_close(part.named_parameters()[item.key()], item.value(), item.key());
    for (const auto& item : whole.named_buffers()) expect_close(part.named_buffers()[item.key()].to(torch::kFloat32), item.value().to(torch::kFloat32), item.key());
    whole.eval();
    part.eval();
    expect_close(part.forward(test::images(3, 50)), whole.forward(test::images(3, 50)), "evaluation");
  });
}

TEST(SyncBatchNorm, ManyRanksTrainAsOne) {
  for (const bool channels_last : {false, true}) {
    expect_as_one_rank({2}, {4, 4}, channels_last);
    expect_as_one_rank({3, 1}, {1, 5, 2, 1}, channels_last);
    expect_as_one_rank({2, 1}, {0, 4, 0}, channels_last);
  }
}

TEST(SyncBatchNorm, AloneOrUnsynchronizedItIsBatchNorm) {
  expect_as_one_rank({1}, {5}, false);
  NormNetImpl<SyncBatchNorm2d> net;
  NormNetImpl<torch::nn::BatchNorm2d> plain;
  EXPECT_TRUE(torch::equal(net.forward(test::images(4, 1)), plain.forward(test::images(4, 1))));
}

TEST(SyncBatchNorm, NamesLayersThatItCannotSynchronize) {
  run_ranks({1}, [](Communicator& comm) {
    NormNetImpl<torch::nn::BatchNorm2d> plain;
    EXPECT_THROW_SAYING(synchronize_batch_norm(plain, comm), UsageError, "norm is an ordinary BatchNorm");
    test::ToyNet none;
    EXPECT_THROW_SAYING(synchronize_batch_norm(*none, comm), UsageError, "has no SyncBatchNorm2d");
  });
}

}  // namespace
}  // namespace skein
