// world_program SCENE [ARGUMENTS]: a small Skein program for tests that need real processes.

#include <dirent.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"
#include "tests/support/rank_traces.h"

namespace skein {
namespace {

using std::chrono::seconds;
using Arguments = std::vector<std::string>;

float sum_over_ranks(Communicator& communicator) {
  auto one = 1.0f;
  communicator.allreduce({&one, 1, DType::kFloat32}, ReduceOp::kSum, "one");
  return one;
}

/// hello: who and where every rank is.
void hello(World& world, const Arguments&) {
  const auto communicator = make_communicator(world);
  std::cout << concat("rank ", world.rank(), " of ", world.world_size(), ", local ", world.local_rank(), " of ",
                      world.local_size(), ", host ", world.host_index(), ", sum ", sum_over_ranks(*communicator), ", ",
                      world.mpi_version().substr(0, 8), "\n")
            << std::flush;
}

/// As leave_traces(); nobody may end the process while the post-mortem is being written.
void leave_slow_traces(World& world, const std::string& directory) {
  leave_traces(world, directory);
  world.post_mortem().add_section("slow", [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return true;
  });
}

/// victim DIRECTORY wait|compute: rank 1 does nothing; the others wait for it in an allreduce, or compute.
void victim(World& world, const Arguments& arguments) {
  leave_slow_traces(world, arguments.at(0));
  const auto communicator = make_communicator(world);
  sum_over_ranks(*communicator);
  write_mark(world, arguments.at(0), "pid");
  const auto end = Clock::now() + seconds(30);
  if (world.rank() == 1) std::this_thread::sleep_until(end);
  if (arguments.at(1) == "wait") sum_over_ranks(*communicator);
  for (double x = 1; Clock::now() < end;) x = std::sqrt(x + 1);
}

/// fail DIRECTORY: rank 1 throws while the others wait for it.
void fail(World& world, const Arguments& arguments) {
  leave_slow_traces(world, arguments.at(0));
  const auto communicator = make_communicator(world);
  sum_over_ranks(*communicator);
  if (world.rank() == 1) throw DataError("picture 17 is torn", "look at picture 17");
  sum_over_ranks(*communicator);
}

/// An allreduce of all ranks of `communicator` with little patience.
void impatient_sum(Communicator& communicator, std::string_view name) {
  auto one = 1.0f;
  const Buffer buffer{&one, 1, DType::kFloat32};
  communicator.run({.operation = Operation::kAllreduce, .input = buffer, .output = buffer, .name = name},
                   Deadline::after(std::chrono::milliseconds(300)));
}

/// diverge DIRECTORY mismatch|late|early|die|deadlock: rank 1 does something else than the others, in this way.
void diverge(World& world, const Arguments& arguments) {
  leave_slow_traces(world, arguments.at(0));
  const std::string& how = arguments.at(1);
  auto communicator = make_communicator(world);
  const auto split = world.rank() < 2 ? communicator->split({1, 0}) : nullptr;
  for (int i = 0; i < 3; ++i) impatient_sum(*communicator, "gradients");
  const bool differs = world.rank() == 1;
  if (differs && how == "late") std::this_thread::sleep_for(seconds(20));
  if (differs && how == "early") return;
  if (differs && how == "die") std::raise(SIGKILL);
  if (differs && how == "deadlock") impatient_sum(*split, "first in the split");
  impatient_sum(*communicator, differs && how == "mismatch" ? "bias" : "weights");
}

/// leave: rank 0 returns from main() while the others still wait for it.
void leave(World& world, const Arguments&) {
  const auto communicator = make_communicator(world);
  if (world.rank() != 0) sum_over_ranks(*communicator);
}

/// Nanoseconds of CPU that the threads of this process have used, by thread.
std::map<std::string, long> cpu_by_thread() {
  std::map<std::string, long> result;
  DIR* const tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    const std::string task = concat("/proc/self/task/", entry->d_name);
    long nanoseconds = 0;
    std::string name;
    if (std::ifstream(task + "/schedstat") >> nanoseconds && std::ifstream(task + "/comm") >> name)
      result[concat(name, " ", entry->d_name)] = nanoseconds;
  }
  closedir(tasks);
  return result;
}

/// idle SECONDS: what the threads beside main() use while nothing is asked of a communicator that has been
/// used.
void idle(World& world, const Arguments& arguments) {
  const auto communicator = make_communicator(world);
  const SharedMemory memory = communicator->allocate(1 << 20);
  for (int i = 0; i < 20; ++i) communicator->allreduce_async({memory.data.get(), 1 << 18, DType::kFloat32}).wait();
  communicator->barrier();
  const auto before = cpu_by_thread();
  std::this_thread::sleep_for(seconds(std::stoi(arguments.at(0))));
  for (const auto& [thread, nanoseconds] : cpu_by_thread()) {
    const auto earlier = before.find(thread);
    std::cout << concat("thread ", thread, " ", nanoseconds - (earlier == before.end() ? 0 : earlier->second), " ns\n");
  }
  communicator->barrier();
}

using Scene = std::function<void(World&, const Arguments&)>;

const std::map<std::string, Scene>& scenes() {
  static const std::map<std::string, Scene> all{
      {"hello", hello}, {"victim", victim}, {"fail", fail}, {"diverge", diverge}, {"leave", leave}, {"idle", idle}};
  return all;
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [&](skein::World& world) {
    skein::scenes().at(argv[1])(world, {argv + 2, argv + argc});
    return 0;
  });
}
