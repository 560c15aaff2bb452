// Elements that travel between hosts in another type.

#include <cmath>
#include <random>

#include "runtime/process/error.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Wire);

std::vector<float> numbers_of(int rank, std::size_t count) {
  std::mt19937 random(17 + rank);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = distribution(random);
  return numbers;
}

Request request_of(std::vector<float>& values, DType wire) {
  const Buffer buffer{values.data(), values.size(), DType::kFloat32};
  Request request{.operation = Operation::kAllreduce, .input = buffer, .output = buffer, .name = "gradients"};
  request.wire_dtype = wire;
  return request;
}

Deadline patience() {
  return Deadline::after(std::chrono::seconds(60));
}

TEST_P(Wire, ErrorsStayBelowOneRoundingForEachHost) {
  on_each_rank([](Communicator& communicator) {
    const int num_hosts = communicator.topology().num_hosts();
    for (const auto& [wire, rounding] : {std::pair{DType::kBFloat16, 1.0 / 256}, {DType::kFloat16, 1.0 / 2048}}) {
      for (const std::size_t count : {std::size_t{6000}, std::size_t{100003}}) {
        std::vector<float> values = numbers_of(communicator.rank(), count);
        communicator.run(request_of(values, wire), patience());
        std::vector<double> sums(count), magnitudes(count);
        for (int rank = 0; rank < communicator.world_size(); ++rank) {
          const std::vector<float> numbers = numbers_of(rank, count);
          for (std::size_t i = 0; i < count; ++i) {
            sums[i] += numbers[i];
            magnitudes[i] += std::abs(numbers[i]);
          }
        }
        const double per_magnitude = 1e-6 + (num_hosts > 1 ? num_hosts * rounding : 0);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_NEAR(values[i], sums[i], per_magnitude * magnitudes[i] + 1e-7) << i << " of " << count;
      }
    }
  });
}

TEST_P(Wire, AllRanksEndWithTheSameBits) {
  on_each_rank([](Communicator& communicator) {
    std::vector<float> values = numbers_of(communicator.rank(), 50001);
    communicator.run(request_of(values, DType::kBFloat16), patience());
    std::vector<float> of_first = values;
    communicator.broadcast({of_first.data(), of_first.size(), DType::kFloat32}, 0);
    EXPECT_EQ(values, of_first);
  });
}

TEST_P(Wire, WhatCannotTravelInAnotherTypeIsRefusedByName) {
  on_each_rank([](Communicator& communicator) {
    std::vector<float> values(100);
    const auto refused = [&](auto change, const std::string& says) {
      Request request = request_of(values, DType::kBFloat16);
      change(request);
      EXPECT_THROW_SAYING(communicator.run(request, patience()), UsageError, says);
    };
    refused([](Request& request) { request.wire_dtype = DType::kInt8; }, "not as int8");
    refused([](Request& request) { request.reduce_op = ReduceOp::kAdasum; }, "can travel as bfloat16");
    refused([](Request& request) { request.operation = Operation::kBroadcast; }, "can travel as bfloat16");
    refused([](Request& request) { request.input.dtype = request.output.dtype = DType::kInt32; }, "of float32");
    communicator.barrier();
  });
}

TEST_P(Wire, RanksThatDisagreeAboutItAreToldSo) {
  on_each_rank([](Communicator& communicator) {
    if (communicator.world_size() == 1) return;
    std::vector<float> values(100000);
    Request request = request_of(values, DType::kFloat16);
    if (communicator.rank() == 0) request.wire_dtype.reset();
    EXPECT_THROW_SAYING(communicator.run(request, patience()), MismatchError, "travelling as float16");
  });
}

}  // namespace
}  // namespace skein
