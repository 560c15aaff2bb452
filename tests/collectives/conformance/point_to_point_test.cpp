// Messages from one rank to one other.

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(PointToPoint);

constexpr DType kType = DType::kFloat32;

const Pattern& from_rank(const Communicator& communicator, int rank) {
  return contribution(kType, ReduceOp::kSum, rank, communicator.world_size());
}

TEST_P(PointToPoint, ARingOfMessagesOfAnyLength) {
  on_each_rank([](Communicator& communicator) {
    const int n = communicator.world_size();
    if (n == 1) return;
    const int next = (communicator.rank() + 1) % n;
    const int previous = (communicator.rank() + n - 1) % n;
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{300007}}) {
      std::vector<float> sent(count + 1), received(count + 1);
      const Buffer out{sent.data(), count, kType};
      const Buffer in{received.data(), count, kType};
      from_rank(communicator, communicator.rank()).write(out);
      Work sending = communicator.send_async(out, next, "ring");
      communicator.recv(in, previous, "ring");
      sending.wait();
      EXPECT_TRUE(sending.done());
      ASSERT_TRUE(from_rank(communicator, previous).found_in(in)) << count;
    }
  });
}

TEST_P(PointToPoint, MessagesArriveInTheirOrderBesideCollectives) {
  on_each_rank([](Communicator& communicator) {
    constexpr int kNumMessages = 20;
    const int last = communicator.world_size() - 1;
    std::vector<float> numbers(kNumMessages);
    std::vector<Work> under_way;
    for (int i = 0; i < kNumMessages && last > 0; ++i) {
      const Buffer one{&numbers[i], 1, kType};
      if (communicator.rank() == 0) {
        numbers[i] = static_cast<float>(i);
        under_way.push_back(communicator.send_async(one, last));
      }
      if (communicator.rank() == last) under_way.push_back(communicator.recv_async(one, 0));
      if (i % 5 == 0) communicator.barrier();
    }
    for (auto work = under_way.rbegin(); work != under_way.rend(); ++work) work->wait();  // not in their order
    for (int i = 0; i < kNumMessages && communicator.rank() == last; ++i)
      EXPECT_EQ(numbers[i], last == 0 ? 0.0F : static_cast<float>(i));
  });
}

TEST_P(PointToPoint, AnotherMessageThanExpectedIsNamed) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    std::vector<float> values(8);
    const auto floats = [&](std::size_t count) { return Buffer{values.data(), count, kType}; };
    if (communicator.rank() == 0) {
      communicator.send(floats(4), 1, "weights");
      communicator.send(floats(4), 1, "weights");
      communicator.send(floats(4), 1);
    }
    if (communicator.rank() == 1) {
      EXPECT_THROW_SAYING(communicator.recv(floats(3), 0, "weights"), MismatchError, "float32 x 3 'weights'",
                          "float32 x 4 'weights'", "rank 0");
      EXPECT_THROW_SAYING(communicator.recv(floats(4), 0, "bias"), MismatchError, "'bias'", "'weights'");
      const Buffer integers{values.data(), 4, DType::kInt32};
      EXPECT_THROW_SAYING(communicator.recv(integers, 0), MismatchError, "int32", "float32");
    }
    communicator.barrier();  // the collectives go on
  });
}

TEST_P(PointToPoint, WhatMakesNoSenseIsRefused) {
  on_each_rank([](Communicator& communicator) {
    float value = 0;
    const Buffer one{&value, 1, kType};
    EXPECT_THROW_SAYING(communicator.send(one, communicator.world_size()), UsageError, "send");
    EXPECT_THROW_SAYING(communicator.recv(one, -1), UsageError, "recv: rank -1");
    EXPECT_THROW_SAYING(communicator.send(one, communicator.rank()), UsageError, "itself");
    EXPECT_THROW_SAYING(communicator.send({nullptr, 1, kType}, (communicator.rank() + 1) % communicator.world_size()),
                        UsageError, "");
  });
}

}  // namespace
}  // namespace skein
