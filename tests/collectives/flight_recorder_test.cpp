// The ring of the last calls of one communicator.

#include "collectives/flight_recorder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

namespace skein {
namespace {

Call sample_call(std::uint64_t sequence, std::string_view name = "layer3.0.conv1.weight") {
  Call call;
  call.sequence = sequence;
  call.operation = Operation::kAllreduce;
  call.dtype = DType::kFloat32;
  call.reduce_op = ReduceOp::kAverage;
  call.count = 1024;
  call.name = name;
  return call;
}

TEST(FlightRecorder, KeepsTheLastCallsOldestFirst) {
  FlightRecorder recorder;
  EXPECT_FALSE(recorder.last());
  for (std::uint64_t i = 0; i < FlightRecorder::kNumEntries + 5; ++i) {
    const std::uint64_t number = recorder.started(sample_call(i));
    if (i + 1 < FlightRecorder::kNumEntries + 5) recorder.finished(number);
  }
  EXPECT_EQ(recorder.num_started(), FlightRecorder::kNumEntries + 5);
  const auto calls = recorder.to_json();
  ASSERT_EQ(calls.size(), FlightRecorder::kNumEntries);
  EXPECT_EQ(calls.front()["sequence"], 5);
  EXPECT_EQ(calls.front()["name"], "layer3.0.conv1.weight");
  EXPECT_EQ(calls.front()["operation"], "allreduce");
  EXPECT_EQ(calls.front()["text"], "allreduce #5 'layer3.0.conv1.weight' float32 x 1024, average");
  EXPECT_TRUE(calls.front().contains("duration_us"));
  EXPECT_FALSE(calls.back().contains("duration_us")) << "has not finished";
  EXPECT_FALSE(calls.back().contains("met_ns")) << "has met nobody";
}

TEST(FlightRecorder, CutsLongNames) {
  const std::string name(100, 'x');
  FlightRecorder recorder;
  EXPECT_TRUE(recorder.to_json().empty());
  recorder.started(sample_call(0, name));
  EXPECT_EQ(recorder.to_json()[0]["name"], std::string(47, 'x'));
}

TEST(FlightRecorder, TellsQueueingWaitingAndTransferApart) {
  FlightRecorder recorder;
  const auto asked = Clock::now() - std::chrono::milliseconds(500);
  const std::uint64_t number = recorder.started(sample_call(0), asked);
  recorder.announced(42);
  recorder.met();
  recorder.finished(number);
  const RecordedCall call = recorder.last().value();
  EXPECT_EQ(call.digest, 42u);
  EXPECT_GE(call.facts.begun_ns - call.facts.asked_ns, 500'000'000);
  EXPECT_GE(call.met_ns, call.facts.begun_ns);
  EXPECT_GE(call.finished_ns, call.met_ns);

  recorder.started(sample_call(1));
  const RecordedCall next = recorder.last().value();
  EXPECT_EQ(next.facts.asked_ns, next.facts.begun_ns) << "asked for just now";
  EXPECT_EQ(next.digest, 0u) << "nothing of the call before";
  EXPECT_EQ(next.met_ns, 0);
  recorder.met_at_once();
  EXPECT_EQ(recorder.last()->met_ns, next.facts.begun_ns);
}

TEST(FlightRecorder, ACallWithinAnotherEndsBeforeIt) {
  FlightRecorder recorder;
  const std::uint64_t outer = recorder.started(sample_call(0));
  recorder.finished(recorder.started(sample_call(1)));
  EXPECT_EQ(recorder.calls()[0].finished_ns, 0);
  recorder.finished(outer);
  EXPECT_NE(recorder.calls()[0].finished_ns, 0);
}

/// Count and name belong together in every call; a torn one would show another's.
TEST(FlightRecorder, IsReadWholeWhileItIsWritten) {
  FlightRecorder recorder;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      Call call = sample_call(i, i % 2 == 0 ? std::string_view("even") : std::string_view("this one is odd"));
      call.count = i;
      recorder.finished(recorder.started(call));
    }
  });
  std::size_t num_read = 0;
  const Deadline deadline = Deadline::after(std::chrono::milliseconds(300));
  while (!deadline.expired()) {
    for (const RecordedCall& call : recorder.calls()) {
      ASSERT_EQ(call.facts.count, call.facts.sequence);
      ASSERT_STREQ(call.facts.name.data(), call.facts.sequence % 2 == 0 ? "even" : "this one is odd");
      ++num_read;
    }
  }
  stop = true;
  writer.join();
  EXPECT_GT(num_read, 1000u);
}

}  // namespace
}  // namespace skein
