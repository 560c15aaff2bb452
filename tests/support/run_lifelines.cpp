#include "tests/support/run_lifelines.h"

#include <thread>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

using namespace std::chrono_literals;

LifelineRank::LifelineRank(int rank, const Topology& topology, LifelinePort port,
                           const std::vector<LifelineContact>& contacts)
    : lifeline_(std::make_unique<Lifeline>(
          rank, topology, std::move(port), contacts, [this](const std::exception_ptr& failure) { note(failure); },
          Lifeline::Timing{.heartbeat = kHeartbeat, .most_missed = 4, .connect = 5s, .patience = 100ms})) {}

void LifelineRank::leave() {
  lifeline_->leave();
  lifeline_.reset();
}

std::string LifelineRank::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void LifelineRank::note(const std::exception_ptr& failure) {
  std::lock_guard lock(mutex_);
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    failure_ += concat(error.kind(), ": ", error.what());
  }
}

/// They connect to each other at once, so each is made in a thread of its own.
std::vector<std::unique_ptr<LifelineRank>> lifeline_ranks(const Topology& topology) {
  std::vector<LifelinePort> ports;
  std::vector<LifelineContact> contacts;
  for (int rank = 0; rank < topology.world_size(); ++rank) {
    ports.emplace_back("");
    contacts.push_back(ports.back().contact());
  }
  std::vector<std::unique_ptr<LifelineRank>> ranks(topology.world_size());
  std::vector<std::thread> threads;
  for (int rank = 0; rank < topology.world_size(); ++rank)
    threads.emplace_back([&, rank] {
      ranks[rank] = std::make_unique<LifelineRank>(rank, topology, std::move(ports[rank]), contacts);
    });
  for (std::thread& thread : threads) thread.join();
  return ranks;
}

void leave_all(std::vector<std::unique_ptr<LifelineRank>>& ranks) {
  for (const auto& rank : ranks) rank->leave();
}

bool eventually(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::after(10s);
  while (!condition() && !deadline.expired()) std::this_thread::sleep_for(2ms);
  return condition();
}

}  // namespace skein
