// timeline_program HOW: a few calls, the one named "late" 200 ms later on rank 1. HOW: "whole"; "paused", the recording is
// stopped before that call and goes on behind it; "fails", rank 0 ends with an error behind it.

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/world.h"

namespace skein {
namespace {

void run(World& world, const std::string& how) {
  const auto communicator = make_communicator(world);
  std::vector<float> values(4096);
  const Buffer buffer{values.data(), values.size(), DType::kFloat32};
  communicator->allreduce(buffer, ReduceOp::kSum, "first");
  if (how == "paused") raise(SIGUSR1);
  if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  communicator->allreduce(buffer, ReduceOp::kSum, "late");
  if (how == "paused") raise(SIGUSR1);
  if (how == "fails" && world.rank() == 0) throw DataError("picture 17 is torn");
  Work one = communicator->allreduce_async(buffer, ReduceOp::kSum, "one");
  Work two = communicator->allreduce_async(buffer, ReduceOp::kSum, "two");
  one.wait();
  two.wait();
  communicator->split({0, 1})->barrier("of the split");
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [&](skein::World& world) {
    skein::run(world, argv[1]);
    return 0;
  });
}
