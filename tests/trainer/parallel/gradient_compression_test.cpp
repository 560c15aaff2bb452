// Hooks that compress: what arrives, what is kept, and that nothing is lost.

#include "trainer/parallel/gradient_compression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "collectives/join_scope.h"
#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/wide_net.h"
#include "trainer/models/memory_format.h"
#include "trainer/parallel/distributed_optimizer.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

/// Parameters whose gradients a test chooses.
struct ChosenImpl : torch::nn::Module {
  ChosenImpl() {
    matrix = register_parameter("matrix", torch::zeros({40, 90}));
    kernel = register_parameter("kernel", torch::zeros({24, 8, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast));
    bias = register_parameter("bias", torch::zeros({24}));
  }
  /// backward() gives those gradients.
  torch::Tensor loss(const std::vector<torch::Tensor>& gradients) const {
    return (matrix * gradients[0]).sum() + (kernel * gradients[1]).sum() + (bias * gradients[2]).sum();
  }
  std::vector<torch::Tensor> gradients() const { return {matrix.grad(), kernel.grad(), bias.grad()}; }
  torch::Tensor matrix, kernel, bias;
};
TORCH_MODULE(Chosen);

std::vector<torch::Tensor> chosen_gradients(int rank, int step) {
  const double seed = 1 + rank + 10.0 * step;
  return {test::values({40, 90}, seed), test::values({24, 8, 3, 3}, seed + 0.3), test::values({24}, seed + 0.6)};
}

using MakeHook = std::function<std::shared_ptr<GradientCompression>()>;
const std::vector<std::pair<const char*, MakeHook>> kErrorFeedback = {
    {"PowerSGD", [] { return compression_hook(PowerSgdOptions{.rank = 1}); }},  // `values` gives matrices of rank 2
    {"top-k", [] { return compression_hook(TopKOptions{.ratio = 0.1}); }}};

DataParallelOptions options_with(std::shared_ptr<GradientCompression> hook) {
  DataParallelOptions options;
  options.buckets = {2048, 8192};  // two buckets of `Chosen`
  options.communication_hook = std::move(hook);
  return options;
}

/// One backward; the averages that it leaves.
std::vector<torch::Tensor> averages(Chosen& net, const std::vector<torch::Tensor>& gradients) {
  for (auto& parameter : net->parameters()) parameter.mutable_grad().reset();
  net->loss(gradients).backward();
  std::vector<torch::Tensor> result;
  for (const torch::Tensor& gradient : net->gradients()) result.push_back(gradient.clone());
  return result;
}

std::vector<torch::Tensor> true_averages(Communicator& comm, int step) {
  std::vector<torch::Tensor> gradients = chosen_gradients(comm.rank(), step);
  for (torch::Tensor& gradient : gradients) allreduce(comm, gradient, ReduceOp::kAverage);
  return gradients;
}

torch::Tensor tensor_of(const std::vector<NamedTensor>& tensors, const std::string& name) {
  for (const NamedTensor& named : tensors)
    if (named.name == name) return named.tensor;
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(GradientCompression, WithErrorFeedbackEverythingArrivesInTheEnd) {
  for (const auto& [name, make] : kErrorFeedback)
    for (const auto& hosts : std::vector<std::vector<int>>{{1}, {3}, {2, 1}})
      run_ranks(hosts, [&](Communicator& comm) {
        constexpr int kSteps = 12;
        Chosen net;
        const auto hook = make();
        DataParallel parallel(*net, comm, options_with(hook));
        torch::Tensor arrived = torch::zeros({40, 90});
        torch::Tensor sent = torch::zeros({40, 90});
        for (int step = 0; step < kSteps; ++step) {
          const auto result = averages(net, chosen_gradients(comm.rank(), step));
          const auto truth = true_averages(comm, step);
          EXPECT_TRUE(torch::equal(result[2], truth[2])) << "vectors travel whole";
          EXPECT_FALSE(torch::allclose(result[0], truth[0], 1e-3, 1e-4)) << "nothing was left out";
          check_identical_values(comm, {{"matrix", result[0]}, {"kernel", result[1]}});
          arrived += result[0];
          sent += truth[0];
        }
        torch::Tensor waiting = tensor_of(hook->state(), "residual.matrix").clone();
        allreduce(comm, waiting, ReduceOp::kAverage);
        EXPECT_TRUE(torch::allclose(arrived + waiting, sent, 1e-4, 1e-4)) << name;
        EXPECT_LT(waiting.norm().item<double>(), sent.norm().item<double>() * 2) << name;
      });
}

TEST(GradientCompression, PowerSgdFindsAMatrixOfLowRank) {
  run_ranks({2, 1}, [](Communicator& comm) {
    Chosen net;
    DataParallel parallel(*net, comm, options_with(compression_hook(PowerSgdOptions{.rank = 2, .min_compression_rate = 1})));
    auto gradients = chosen_gradients(comm.rank(), 0);
    gradients[0] = torch::outer(test::values({40}, 1), test::values({90}, 2)) * (comm.rank() + 1) +
                   torch::outer(test::values({40}, 3), test::values({90}, 4));
    torch::Tensor expected = gradients[0].clone();
    allreduce(comm, expected, ReduceOp::kAverage);
    const auto zeros = std::vector<torch::Tensor>{torch::zeros({40, 90}), gradients[1], gradients[2]};
    for (int step = 0; step < 2; ++step) averages(net, zeros);  // must not spoil what comes after
    for (int step = 0; step < 2; ++step) EXPECT_TRUE(torch::allclose(averages(net, gradients)[0], expected, 1e-4, 1e-5));
  });
}

TEST(GradientCompression, TopKSendsTheLargest) {
  run_ranks({2}, [](Communicator& comm) {
    Chosen net;
    DataParallel parallel(*net, comm, options_with(compression_hook(TopKOptions{.ratio = 2.0 / 3600})));
    std::vector<torch::Tensor> gradients = chosen_gradients(0, 0);
    gradients[0] = torch::full({40, 90}, 0.1);
    gradients[0][comm.rank()][5] = -8;  // of rank 0 and of rank 1
    gradients[0][7][7] = 4;             // of both
    torch::Tensor expected = torch::zeros({40, 90});
    expected[0][5] = expected[1][5] = -4;
    expected[7][7] = 4;
    EXPECT_TRUE(torch::equal(averages(net, gradients)[0], expected));
    const torch::Tensor second = averages(net, gradients)[0];
    EXPECT_EQ(second.count_nonzero().item<std::int64_t>(), 3);
    EXPECT_FLOAT_EQ(second[7][7].item<float>(), 4) << "what had arrived is not sent again";
  });
}

TEST(GradientCompression, TellsHowMuchTravels) {
  run_ranks({1}, [](Communicator& comm) {
    Chosen net;
    const std::uint64_t all = 4 * (40 * 90 + 24 * 72 + 24);
    const auto power = compression_hook(PowerSgdOptions{.rank = 2});
    { DataParallel parallel(*net, comm, options_with(power)); }
    EXPECT_EQ(power->bytes().gradients, all);
    EXPECT_EQ(power->bytes().messages, 4u * (2 * (40 + 90) + 2 * (24 + 72) + 24));
    const auto top = compression_hook(TopKOptions{.ratio = 0.25});
    { DataParallel parallel(*net, comm, options_with(top)); }
    EXPECT_EQ(top->bytes().messages, 4u * (2 * 900 + 2 * 432 + 24));
    const auto whole = compression_hook(PowerSgdOptions{.rank = 20});  // would save less than half
    { DataParallel parallel(*net, comm, options_with(whole)); }
    EXPECT_EQ(whole->bytes().messages, all);
  });
}

TEST(GradientCompression, BeginsWithTheStepAskedFor) {
  for (const MakeHook& make : std::vector<MakeHook>{[] { return compression_hook(PowerSgdOptions{.rank = 1, .first_step = 2}); },
                                                    [] { return compression_hook(TopKOptions{.first_step = 2}); }})
    run_ranks({2}, [&](Communicator& comm) {
      Chosen net;
      DataParallel parallel(*net, comm, options_with(make()));
      for (int step = 0; step < 4; ++step)
        EXPECT_EQ(torch::equal(averages(net, chosen_gradients(comm.rank(), step))[0], true_averages(comm, step)[0]), step < 2)
            << "step " << step;
    });
}

TEST(GradientCompression, SixteenBitsTravelBetweenHostsOnly) {
  run_ranks({2}, [](Communicator& comm) {
    Chosen net;
    DataParallel parallel(*net, comm, options_with(compression_hook(WireTypeOptions{DType::kBFloat16})));
    EXPECT_TRUE(torch::equal(averages(net, chosen_gradients(comm.rank(), 0))[0], true_averages(comm, 0)[0]));
  });
  for (const auto& [type, error] : {std::pair(DType::kBFloat16, 1.0 / 128), std::pair(DType::kFloat16, 1.0 / 1024)})
    run_ranks({1, 1}, [type = type, error = error](Communicator& comm) {
      Chosen net;
      const auto hook = compression_hook(WireTypeOptions{type});
      DataParallelOptions options;
      options.communication_hook = hook;
      DataParallel parallel(*net, comm, options);
      const auto result = averages(net, chosen_gradients(comm.rank(), 0));
      const auto truth = true_averages(comm, 0);
      EXPECT_FALSE(torch::equal(result[0], truth[0]));
      EXPECT_TRUE(torch::allclose(result[0], truth[0], error, error));
      check_identical_values(comm, {{"matrix", result[0]}, {"kernel", result[1]}});
      EXPECT_EQ(hook->bytes().messages * 2, hook->bytes().gradients);
    });
}

TEST(GradientCompression, AGradientThatIsNotFiniteIsPassedOnAndForgotten) {
  for (const auto& [name, make] : kErrorFeedback)
    run_ranks({2}, [&](Communicator& comm) {
      Chosen net;
      const auto hook = make();
      DataParallel parallel(*net, comm, options_with(hook));
      for (int step = 0; step < 4; ++step) {
        auto gradients = chosen_gradients(comm.rank(), step);
        if (step == 1 && comm.rank() == 1) gradients[0].fill_(std::numeric_limits<float>::quiet_NaN());
        const auto result = averages(net, gradients);
        EXPECT_EQ(torch::isfinite(result[0]).all().item<bool>(), step != 1) << name << ", step " << step;
        EXPECT_TRUE(torch::isfinite(result[1]).all().item<bool>()) << name;
      }
    });
}

/// Runs steps [first, last) and returns the averages of the last one.
std::vector<torch::Tensor> run_steps(Chosen& net, int rank, int first, int last) {
  std::vector<torch::Tensor> result;
  for (int step = first; step < last; ++step) result = averages(net, chosen_gradients(rank, step));
  return result;
}

TEST(GradientCompression, ItsStateLetsATrainingGoOn) {
  for (const auto& [name, make] : kErrorFeedback)
    run_ranks({2, 1}, [&](Communicator& comm) {
      Chosen net;
      const auto hook = make();
      auto parallel = std::make_unique<DataParallel>(*net, comm, options_with(hook));
      run_steps(net, comm.rank(), 0, 3);
      std::vector<torch::Tensor> saved;
      for (const NamedTensor& named : hook->state()) saved.push_back(named.tensor.clone());
      const auto expected = run_steps(net, comm.rank(), 3, 6);

      parallel.reset();
      for (auto& parameter : net->parameters()) parameter.mutable_grad().reset();
      const auto next = make();
      DataParallel resumed(*net, comm, options_with(next));
      const std::vector<NamedTensor> state = next->state();
      ASSERT_EQ(state.size(), saved.size());
      for (std::size_t i = 0; i < saved.size(); ++i) torch::Tensor(state[i].tensor).copy_(saved[i]);
      const auto result = run_steps(net, comm.rank(), 3, 6);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::equal(result[i], expected[i])) << name;
    });
}

TEST(GradientCompression, WorksUnderEveryPlacementOfTheState) {
  for (const auto& [name, make] : kErrorFeedback)
    for (const auto& hosts : std::vector<std::vector<int>>{{2}, {2, 1}})
      run_ranks(hosts, [&](Communicator& comm) {
        const auto train = [&](StatePlacement placement) {
          test::WideNet net;
          to_channels_last(*net);
          DistributedOptimizerOptions more{.placement = placement, .communication_hook = make()};
          DistributedOptimizer optimizer(*net, comm, SgdOptions{.lr = 0.1, .momentum = 0.9}, more);
          for (int step = 0; step < 4; ++step) {
            test::loss_of(net, comm.rank(), step).backward();
            optimizer.step();
          }
          check_identical_values(comm, test::named_parameters(*net));
          return test::flat_parameters(*net);
        };
        const torch::Tensor expected = train(StatePlacement::kReplicated);
        EXPECT_TRUE(torch::equal(train(StatePlacement::kHost), expected)) << name;
        // The gradients lie elsewhere there, which the library of matrix products may notice.
        EXPECT_TRUE(torch::allclose(train(StatePlacement::kSharded), expected, 1e-4, 1e-5)) << name;
      });
}

TEST(GradientCompression, InAJoinScopeTheAverageIsOverThoseThatStillTrain) {
  for (const auto& [name, make] : kErrorFeedback)
    run_ranks({2}, [&](Communicator& comm) {
      Chosen net;
      JoinScope scope(comm);
      DataParallel parallel(*net, scope, options_with(make()));
      auto gradients = chosen_gradients(0, 0);
      gradients[0] = torch::zeros({40, 90});
      gradients[0][3][3] = 2;
      for (int step = 0; step < 3 - comm.rank(); ++step)
        EXPECT_NEAR((averages(net, gradients)[0][3][3].item<float>()), 2, 1e-5) << name << ", step " << step;
      scope.join();
    });
}

TEST(GradientCompression, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_THROW_SAYING(compression_hook(PowerSgdOptions{.rank = 0}), UsageError, "rank is 0");
  EXPECT_THROW_SAYING(compression_hook(PowerSgdOptions{.min_compression_rate = 0.5}), UsageError, "min_compression_rate");
  EXPECT_THROW_SAYING(compression_hook(PowerSgdOptions{.first_step = -1}), UsageError, "first_step");
  EXPECT_THROW_SAYING(compression_hook(TopKOptions{.ratio = 0}), UsageError, "ratio is 0");
  EXPECT_THROW_SAYING(compression_hook(TopKOptions{.ratio = 1.5}), UsageError, "ratio is 1.5");
  EXPECT_THROW_SAYING(compression_hook(WireTypeOptions{DType::kFloat32}), UsageError, "float32");
}

}  // namespace
}  // namespace skein
