#include "collectives/tune/compare_profiles.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "collectives/choose.h"
#include "collectives/host_communicator.h"
#include "collectives/mpi_transport.h"
#include "collectives/tune/link_fit.h"
#include "collectives/workload.h"

namespace skein {
namespace {

constexpr std::size_t kLeastBytes = 1024;
constexpr double kRoundSeconds = 0.02;
constexpr double kClearLoss = 1.1;  // as a ratio of times

/// One way to choose, at work.
class Contestant {
 public:
  Contestant(World& world, std::optional<LinkProfile> links)
      : communicator_(make_mpi_transport(world), world.topology(), world.health(), /*arena=*/nullptr, links) {}

  Algorithm choice(Operation operation, std::size_t num_bytes) const {
    return communicator_.algorithms().choose(operation, chosen_bytes(operation, num_bytes, communicator_.topology()));
  }
  Communicator& communicator() { return communicator_; }

  /// Of one call, the mean of `num_calls`; of this rank.
  double seconds(const Request& request, int num_calls) {
    communicator_.barrier();
    const auto start = Clock::now();
    for (int i = 0; i < num_calls; ++i) communicator_.run(request, Deadline::after(kDefaultTimeout));
    return seconds_since(start) / num_calls;
  }

 private:
  HostCommunicator communicator_;
};

/// Float32 in memory of the communicator's arena. `num_bytes` as in CallShape.
class Memory {
 public:
  Memory(Communicator& communicator, std::size_t max_bytes)
      : world_size_(communicator.world_size()),
        input_(communicator.allocate(max_bytes)),
        output_(communicator.allocate(max_bytes)) {}

  Request request(Operation operation, std::size_t num_bytes) const {
    const std::size_t block = std::max<std::size_t>(1, num_bytes / sizeof(float) / world_size_);
    const bool of_blocks = operation == Operation::kAllgather || operation == Operation::kReduceScatter;
    const std::size_t whole = of_blocks ? block * world_size_ : num_bytes / sizeof(float);
    Request request;
    request.operation = operation;
    request.input = {input_.data.get(), operation == Operation::kAllgather ? block : whole, DType::kFloat32};
    request.output = {output_.data.get(), operation == Operation::kReduceScatter ? block : whole, DType::kFloat32};
    const bool in_place = operation == Operation::kAllreduce || operation == Operation::kBroadcast;
    if (in_place) request.input = request.output;
    return request;
  }

 private:
  std::size_t world_size_;
  SharedMemory input_;
  SharedMemory output_;
};

double slowest(Communicator& communicator, double seconds) {
  communicator.allreduce({&seconds, 1, DType::kFloat64}, ReduceOp::kMax);
  return seconds;
}

/// The two, with the same calls in turns.
class Match {
 public:
  Match(World& world, const LinkProfile& profile, const CompareOptions& options)
      : usual_(world, std::nullopt),
        chosen_(world, profile),
        memory_(usual_.communicator(), options.max_bytes),
        other_memory_(chosen_.communicator(), options.max_bytes) {}

  bool differ(Operation operation, std::size_t num_bytes) const {
    return usual_.choice(operation, num_bytes) != chosen_.choice(operation, num_bytes);
  }

  Comparison compare(Operation operation, std::size_t num_bytes, int repeats) {
    const Request request = memory_.request(operation, num_bytes);
    const Request other_request = other_memory_.request(operation, num_bytes);
    const double once = slowest(usual_.communicator(), usual_.seconds(request, 1));
    const int num_calls = std::clamp(static_cast<int>(kRoundSeconds / once), 1, 200);
    std::vector<double> usual_times;
    std::vector<double> chosen_times;
    for (int round = 0; round < repeats; ++round) {
      usual_times.push_back(slowest(usual_.communicator(), usual_.seconds(request, num_calls)));
      chosen_times.push_back(slowest(chosen_.communicator(), chosen_.seconds(other_request, num_calls)));
    }
    return {operation,
            num_bytes,
            std::string(algorithm_name(usual_.choice(operation, num_bytes))),
            std::string(algorithm_name(chosen_.choice(operation, num_bytes))),
            median_of(usual_times),
            median_of(chosen_times)};
  }

 private:
  Contestant usual_;
  Contestant chosen_;
  Memory memory_;
  Memory other_memory_;
};

}  // namespace

std::vector<Comparison> compare_with_default(World& world, const LinkProfile& profile, const CompareOptions& options) {
  Match match(world, profile, options);
  std::vector<Comparison> comparisons;
  for (const Operation operation : kOperationsWithChoice)
    for (std::size_t num_bytes = kLeastBytes; num_bytes <= options.max_bytes; num_bytes *= 4) {
      if (travels_with_agreement(operation, num_bytes, world.topology())) continue;
      if (!match.differ(operation, num_bytes)) continue;
      Comparison comparison = match.compare(operation, num_bytes, options.repeats);
      // A loss must show twice: other work on the machine makes some.
      if (comparison.ratio() > kClearLoss) comparison = match.compare(operation, num_bytes, 2 * options.repeats);
      comparisons.push_back(comparison);
    }
  return comparisons;
}

LinkProfile without_losses(const LinkProfile& profile, const std::vector<Comparison>& comparisons) {
  LinkProfile result = profile;
  std::map<Operation, double> sum_of_logs;
  for (const Comparison& comparison : comparisons) {
    sum_of_logs[comparison.operation] += std::log(comparison.ratio());
    if (comparison.ratio() > kClearLoss) result.keep_default_of(comparison.operation);
  }
  for (const auto& [operation, sum] : sum_of_logs)
    if (sum > 0) result.keep_default_of(operation);
  return result;
}

}  // namespace skein
