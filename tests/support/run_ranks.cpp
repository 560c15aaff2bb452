#include "tests/support/run_ranks.h"

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "collectives/host_communicator.h"
#include "collectives/thread_transport.h"
#include "runtime/process/deadline.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::chrono::seconds kGrace{10};  // to end after the failure has been reported

/// How the ranks ended, as they tell the watching thread.
class Outcome {
 public:
  explicit Outcome(int num_ranks) : num_running_(num_ranks) {}

  void rank_ended() {
    std::lock_guard lock(mutex_);
    --num_running_;
    changed_.notify_all();
  }
  void failed(const std::string& what) {
    std::lock_guard lock(mutex_);
    if (first_failure_.empty()) first_failure_ = what;
  }
  bool wait_for_all(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline.time(), [&] { return num_running_ == 0; });
  }
  std::string first_failure() const {
    std::lock_guard lock(mutex_);
    return first_failure_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int num_running_;
  std::string first_failure_;
};

std::string describe(int rank, const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  return concat("rank ", rank, ": ", own ? own->kind() : "exception", ": ", error.what());
}

void run_rank(RankContext context, const std::function<void(RankContext&)>& body, Outcome& outcome) {
  try {
    body(context);
  } catch (const std::exception& error) {
    outcome.failed(describe(context.rank, error));
    context.health.report(std::current_exception());
  }
  outcome.rank_ended();
}

}  // namespace

void run_rank_threads(const std::vector<int>& local_sizes, const std::function<void(RankContext&)>& body,
                      std::chrono::seconds limit) {
  const Topology topology = Topology::of(local_sizes);
  Health health;
  auto transports = make_thread_transports(topology.world_size(), health);
  Outcome outcome(topology.world_size());
  std::vector<std::thread> threads;
  for (int rank = 0; rank < topology.world_size(); ++rank)
    threads.emplace_back(run_rank, RankContext{rank, topology, health, std::move(transports[rank])}, std::cref(body),
                         std::ref(outcome));
  if (!outcome.wait_for_all(Deadline::after(limit))) {
    const TimeoutError hang(concat("not all ranks ended within ", limit.count(), " s"));
    outcome.failed(hang.what());
    health.report(std::make_exception_ptr(hang));
    if (!outcome.wait_for_all(Deadline::after(kGrace))) {
      std::cerr << outcome.first_failure() << "; a rank does not even notice the failure\n";
      std::terminate();
    }
  }
  for (std::thread& thread : threads) thread.join();
  if (const std::string failure = outcome.first_failure(); !failure.empty()) throw std::runtime_error(failure);
}

void run_ranks(const std::vector<int>& local_sizes, const std::function<void(Communicator&)>& body,
               std::chrono::seconds limit) {
  run_rank_threads(
      local_sizes,
      [&](RankContext& context) {
        HostCommunicator communicator(std::move(context.transport), context.topology, context.health);
        body(communicator);
      },
      limit);
}

}  // namespace skein
