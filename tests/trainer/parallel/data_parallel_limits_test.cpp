// What DataParallel refuses, and what it leaves behind.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/nn.h>
#include <torch/types.h>

#include "runtime/process/error.h"
#include "tests/support/run_ranks.h"
#include "tests/trainer/parallel/toy_models.h"
#include "trainer/parallel/data_parallel.h"

namespace skein {
namespace {

using test::ToyNet;

template <class E>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return "(no error)";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DataParallelLimits, DifferentModelsAreNamedByRankAndParameter) {
  run_ranks({3}, [](Communicator& comm) {
    torch::nn::Linear net(4, comm.rank() == 2 ? 3 : 2);
    const std::string text = message_of<MismatchError>([&] { DataParallel parallel(*net, comm); });
    EXPECT_TRUE(contains(text, "rank 2 has weight [3, 4]")) << text;
    EXPECT_TRUE(contains(text, "rank 0 has weight [2, 4]")) << text;
    EXPECT_FALSE(contains(text, "rank 1 has")) << text;
  });
}

TEST(DataParallelLimits, AModuleIsWrappedOnceAtATime) {
  run_ranks({1}, [](Communicator& comm) {
    ToyNet net;
    {
      DataParallel parallel(*net, comm);
      EXPECT_TRUE(contains(message_of<UsageError>([&] { DataParallel again(*net, comm); }), "another DataParallel"));
      test::loss_of(net, test::images(2, 0), test::labels(2, 0)).backward();  // the first one still works
    }
    DataParallel later(*net, comm);
    net->zero_grad();
    test::loss_of(net, test::images(2, 0), test::labels(2, 0)).backward();
    EXPECT_TRUE(net->fc->weight.grad().defined());
  });
}

TEST(DataParallelLimits, AnotherTypeAfterWrappingIsRefusedByName) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    DataParallel parallel(*net, comm);
    net->to(torch::kFloat64);
    const std::string text = message_of<UsageError>(
        [&] { test::loss_of(net, test::images(2, 0).to(torch::kFloat64), test::labels(2, 0)).backward(); });
    EXPECT_TRUE(contains(text, "when DataParallel wrapped its module")) << text;
    EXPECT_TRUE(contains(text, "fc.")) << text;
  });
}

TEST(DataParallelLimits, DoubleBackwardIsRefused) {
  run_ranks({1}, [](Communicator& comm) {
    torch::nn::Linear net(2, 2);
    DataParallel parallel(*net, comm);
    const std::string text = message_of<UsageError>([&] {
      torch::pow(net(torch::ones({1, 2})), 2).sum().backward({}, /*retain_graph=*/true, /*create_graph=*/true);
    });
    EXPECT_TRUE(contains(text, "create_graph")) << text;
  });
}

TEST(DataParallelLimits, AModuleWithoutParametersIsRefused) {
  run_ranks({1}, [](Communicator& comm) {
    torch::nn::ReLU net;
    EXPECT_TRUE(contains(message_of<UsageError>([&] { DataParallel parallel(*net, comm); }), "no parameter"));
  });
}

class CountingHook final : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit CountingHook(int& count) : count_(count) {}
  void operator()(const torch::autograd::Variable&) override { ++count_; }

 private:
  int& count_;
};

TEST(DataParallelLimits, AnExistingHookIsKeptAndComesBack) {
  run_ranks({1}, [](Communicator& comm) {
    torch::nn::Linear net(2, 2);
    int count = 0;
    torch::autograd::impl::set_post_acc_grad_hooks(net->weight, std::make_unique<CountingHook>(count));
    {
      DataParallel parallel(*net, comm);
      net(torch::ones({1, 2})).sum().backward();
      EXPECT_EQ(count, 1);
    }
    net(torch::ones({1, 2})).sum().backward();
    EXPECT_EQ(count, 2);
  });
}

TEST(DataParallelLimits, AFailedBackwardIsNotForgotten) {
  run_ranks({2}, [](Communicator& comm) {
    torch::nn::Linear first(2, 2);
    torch::nn::Linear last(2, 1);
    torch::nn::Sequential net(first, last);
    DataParallel parallel(*net, comm);
    torch::Tensor middle = first(torch::ones({1, 2}));
    middle.register_hook([](torch::Tensor) -> torch::Tensor { throw std::runtime_error("out of luck"); });
    EXPECT_ANY_THROW(last(middle).sum().backward());
    for (int again = 0; again < 2; ++again) {
      net->zero_grad();
      const std::string text = message_of<UsageError>([&] { net->forward(torch::ones({1, 2})).sum().backward(); });
      EXPECT_TRUE(contains(text, again == 0 ? "an earlier backward() failed" : "accumulated twice")) << text;
    }
    comm.barrier();
  });
}

TEST(DataParallelLimits, GradientsOutliveIt) {
  run_ranks({2}, [](Communicator& comm) {
    ToyNet net;
    torch::Tensor before;
    {
      DataParallel parallel(*net, comm);
      test::loss_of(net, test::images(2, comm.rank()), test::labels(2, 0)).backward();
      before = net->fc->weight.grad().clone();
    }
    EXPECT_TRUE(torch::equal(net->fc->weight.grad(), before));
    comm.barrier();
  });
}

}  // namespace
}  // namespace skein
