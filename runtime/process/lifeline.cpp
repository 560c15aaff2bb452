#include "runtime/process/lifeline.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/process/error.h"
#include "runtime/process/lifeline_graph.h"

namespace skein {

using namespace std::chrono_literals;

Lifeline::Lifeline(int rank, Topology topology, LifelinePort port, std::vector<LifelineContact> contacts,
                   OnFailure on_failure, Timing timing)
    : topology_(std::move(topology)),
      port_(std::move(port)),
      ranks_{rank, std::move(contacts)},
      dialers_(lifeline_dialers(topology_, rank)),
      on_failure_(std::move(on_failure)),
      timing_(timing),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      next_tick_(Clock::now() + timing.heartbeat) {
  if (!wake_) throw Error("cannot create an eventfd to watch the other ranks");
  for (int peer : lifeline_targets(topology_, rank)) links_.emplace_back(ranks_, peer, addresses_of(peer));
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "skein-lifeline");
  wait_for_links();
}

Lifeline::~Lifeline() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

/// Loopback leads to ranks of this host, and to pretended hosts on a machine without a network.
std::vector<NetworkAddress> Lifeline::addresses_of(int peer) const {
  const LifelineContact& contact = ranks_.contacts[peer];
  std::vector<NetworkAddress> addresses(contact.addresses.begin(), contact.addresses.begin() + contact.num_addresses);
  const bool same_host = host_of(peer) == host_of(rank());
  addresses.insert(same_host ? addresses.begin() : addresses.end(), loopback_address());
  return addresses;
}

void Lifeline::wait_for_links() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timing_.connect, [&] { return links_stand_; });
}

void Lifeline::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
}

void Lifeline::leave() {
  {
    std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  wake();
}

std::string Lifeline::message_of(const std::string& topic, const Notice& content) {
  std::lock_guard lock(mutex_);
  return LifelineNotice{rank(), num_said_++, topic, content}.encoded();
}

void Lifeline::flood(const std::string& topic, const Notice& content) {
  std::string message = message_of(topic, content);
  {
    std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(message));
  }
  wake();
}

void Lifeline::announce_failure(const std::exception& error) {
  constexpr auto kTimeToSend = 100ms;
  flood(kFailed, told_to_others(error));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kTimeToSend, [&] { return outbox_.empty(); });
}

void Lifeline::process_ended(int rank) {
  {
    std::lock_guard lock(mutex_);
    ended_elsewhere_.push_back(rank);
  }
  wake();
}

void Lifeline::ready_to_end() {
  flood(kNotAwaited, {{"ranks", {rank()}}});
}

void Lifeline::await_ready_to_end(Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.time(), [&] {
    for (int other = 0; other < topology_.world_size(); ++other)
      if (other != rank() && !not_awaited_.contains(other) && !silent_.contains(other)) return false;
    return true;
  });
}

std::shared_ptr<void> Lifeline::listen(const std::string& topic, OnNotice handler, std::function<void()> on_tick) {
  auto listener = std::make_shared<Listener>();
  listener->topic = topic;
  listener->handler = std::move(handler);
  listener->on_tick = std::move(on_tick);
  std::lock_guard lock(mutex_);
  listeners_.push_back(listener);
  return {listener.get(), [this, listener](void*) {
            std::lock_guard calling(listener->mutex);
            listener->active = false;
            std::lock_guard lock(mutex_);
            std::erase(listeners_, listener);
          }};
}

std::vector<std::shared_ptr<Lifeline::Listener>> Lifeline::listeners() const {
  std::lock_guard lock(mutex_);
  return listeners_;
}

bool Lifeline::is_silent(int rank) const {
  std::lock_guard lock(mutex_);
  return silent_.contains(rank);
}

bool Lifeline::is_leaving() const {
  std::lock_guard lock(mutex_);
  return leaving_;
}

}  // namespace skein
