// failing_program DIRECTORY FAULT: a job of which rank 1 fails in a given way, or which the test that
// started it does something to. Each rank leaves log and post-mortem in DIRECTORY, and says when all is ready.

#include <sys/resource.h>

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/world.h"
#include "tests/support/rank_traces.h"

namespace skein {
namespace {

using std::chrono::seconds;

constexpr int kVictim = 1;
constexpr std::size_t kCount = 256;

/// What all ranks do, and how the victim may differ.
struct Asked {
  Operation operation = Operation::kAllreduce;
  DType dtype = DType::kFloat32;
  ReduceOp op = ReduceOp::kSum;
  std::size_t count = kCount;
  int root = 0;
  std::string name = "layer3.0.conv1.weight";
  Scales scales{};
};

void ask(Communicator& communicator, const Asked& asked) {
  std::vector<double> data(kCount);
  const Buffer buffer{data.data(), asked.count, asked.dtype};
  if (asked.operation == Operation::kAllreduce)
    communicator.allreduce(buffer, asked.op, asked.name, asked.scales);
  else
    communicator.broadcast(buffer, asked.root, asked.name);
}

/// Far beyond what the process may have.
void reach_memory_limit() {
  constexpr rlim_t kLimit = 1u << 20;
  const rlimit limit{kLimit, kLimit};
  setrlimit(RLIMIT_AS, &limit);
  std::vector<double> much(kCount << 20);
}

void compute_for_long() {
  std::this_thread::sleep_for(seconds(60));
}

using Fault = std::function<void(Communicator&)>;

Fault mismatch(const Asked& asked) {
  return [asked](Communicator& communicator) { ask(communicator, asked); };
}

/// What the victim does instead of what all others do.
const std::map<std::string, Fault>& faults() {
  static const std::map<std::string, Fault> all{
      {"none", mismatch({})},
      {"late", [](Communicator& communicator) {
         std::this_thread::sleep_for(seconds(5));
         ask(communicator, {});
       }},
      {"absent", [](Communicator&) { compute_for_long(); }},
      {"split", [](Communicator&) { compute_for_long(); }},
      {"exception", [](Communicator&) { throw DataError("picture 17 is torn", "look at picture 17"); }},
      {"memory", [](Communicator&) { reach_memory_limit(); }},
      {"arena", [](Communicator& communicator) { communicator.allocate(std::size_t{1} << 50); }},
      {"operation", mismatch({.operation = Operation::kBroadcast})},
      {"dtype", mismatch({.dtype = DType::kInt32})},
      {"count", mismatch({.count = kCount - 1})},
      {"reduce op", mismatch({.op = ReduceOp::kMax})},
      {"root", mismatch({.operation = Operation::kBroadcast, .root = 1})},
      {"name", mismatch({.name = "layer3.0.conv2.weight"})},
      {"scales", mismatch({.scales = {0.5, 1.0}})}};
  return all;
}

void run(World& world, const std::vector<std::string>& arguments) {
  const std::string& directory = arguments.at(0);
  const std::string& fault = arguments.at(1);
  leave_traces(world, directory);
  const auto communicator = make_communicator(world);
  communicator->barrier("start");
  write_mark(world, directory, "pid");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  communicator->barrier("ready");
  if (world.rank() == kVictim || fault == "arena") {
    write_mark(world, directory, "fault");
    faults().at(fault)(*communicator);
  } else if (fault == "split") {
    std::vector<int> everyone(world.world_size());
    std::iota(everyone.begin(), everyone.end(), 0);
    communicator->split(everyone);
  } else {
    ask(*communicator, fault == "root" ? Asked{.operation = Operation::kBroadcast} : Asked{});
  }
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [&](skein::World& world) {
    skein::run(world, {argv + 1, argv + argc});
    return 0;
  });
}
