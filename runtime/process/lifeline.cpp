#include "runtime/process/lifeline.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/process_state.h"
#include "runtime/process/text.h"

namespace skein {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kNoticesRemembered = 1 << 16;
constexpr auto kTimeToSend = 100ms;
constexpr auto kTimeForGoodbyes = 200ms;
constexpr auto kLookAtNewLinks = 50ms;  // while some do not stand yet
constexpr const char* kLost = "lost";
constexpr const char* kFailed = "failed";
constexpr const char* kSilent = "silent";

std::string kind_of(const std::exception& error) {
  const auto* own = dynamic_cast<const Error*>(&error);
  return own ? own->kind() : "exception";
}

/// What the failure of another rank is for this one: of the same kind where all ranks share it.
std::exception_ptr failure_of_other(const std::string& rank, const std::string& kind, const std::string& message) {
  if (kind == "TimeoutError") return std::make_exception_ptr(TimeoutError(concat(rank, " gave up: ", message)));
  if (kind == "MismatchError") return std::make_exception_ptr(MismatchError(concat(rank, " noticed that ", message)));
  return std::make_exception_ptr(PeerLost(concat(rank, " failed: ", kind == "exception" ? "" : kind + ": ", message)));
}

}  // namespace

struct Lifeline::Listener {
  std::mutex mutex;  // held while one of them is called
  bool active = true;
  std::string topic;
  OnNotice handler;
  std::function<void()> on_tick;
};

Lifeline::Lifeline(int rank, Topology topology, LifelinePort port, std::vector<LifelineContact> contacts,
                   OnFailure on_failure, Timing timing)
    : topology_(std::move(topology)),
      port_(std::move(port)),
      ranks_{rank, std::move(contacts)},
      on_failure_(std::move(on_failure)),
      timing_(timing),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      next_tick_(Clock::now() + timing.heartbeat) {
  if (!wake_) throw Error("cannot create an eventfd to watch the other ranks");
  dial();
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

/// The next rank of the same host, and the counterpart on the next host.
std::vector<int> Lifeline::targets_of(int rank) const {
  const Topology::Member& member = topology_.members[rank];
  const std::vector<int> local = topology_.ranks_of_host(member.host);
  std::vector<int> targets;
  const auto num_local = static_cast<int>(local.size());
  if (num_local > 2 || (num_local == 2 && member.local_rank == 0))
    targets.push_back(local[(member.local_rank + 1) % num_local]);
  if (topology_.num_hosts() < 2) return targets;
  const std::vector<int> next = topology_.ranks_of_host((member.host + 1) % topology_.num_hosts());
  targets.push_back(next[member.local_rank % next.size()]);
  return targets;
}

/// Loopback leads to ranks of this host, and to pretended hosts on a machine without a network.
std::vector<NetworkAddress> Lifeline::addresses_of(int peer) const {
  const LifelineContact& contact = ranks_.contacts[peer];
  std::vector<NetworkAddress> addresses(contact.addresses.begin(), contact.addresses.begin() + contact.num_addresses);
  const bool same_host = host_of(peer) == host_of(ranks_.self);
  addresses.insert(same_host ? addresses.begin() : addresses.end(), loopback_address());
  return addresses;
}

void Lifeline::dial() {
  for (int peer : targets_of(ranks_.self)) links_.emplace_back(ranks_, peer, addresses_of(peer));
}

bool Lifeline::is_linked_to(int peer, bool outgoing) const {
  return std::any_of(links_.begin(), links_.end(), [&](const LifelineLink& link) {
    return link.up() && link.peer() == peer && link.is_outgoing() == outgoing;
  });
}

/// No connection is being made any more, and everybody who should connect to this rank has.
bool Lifeline::all_settled() const {
  for (const LifelineLink& link : links_)
    if (link.is_outgoing() && !link.up() && link.phase() != LifelineLink::Phase::kClosed) return false;
  for (int peer = 0; peer < topology_.world_size(); ++peer) {
    const std::vector<int> targets = targets_of(peer);
    const bool expected = std::find(targets.begin(), targets.end(), ranks_.self) != targets.end();
    if (expected && !is_linked_to(peer, /*outgoing=*/false)) return false;
  }
  return true;
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

std::string Lifeline::message_of(const std::string& topic, const Notice& notice) {
  std::lock_guard lock(mutex_);
  return Notice{{"origin", ranks_.self}, {"number", num_said_++}, {"topic", topic}, {"notice", notice}}.dump(
      -1, ' ', false, Notice::error_handler_t::replace);
}

void Lifeline::flood(const std::string& topic, Notice notice) {
  std::string message = message_of(topic, notice);
  {
    std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(message));
  }
  wake();
}

void Lifeline::announce_failure(const std::exception& error) {
  flood(kFailed, {{"kind", kind_of(error)}, {"message", error.what()}});
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

std::uint64_t Lifeline::next_number() {
  std::lock_guard lock(mutex_);
  return num_counted_++;
}

// What follows runs in the lifeline's thread.

void Lifeline::run() {
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    poll_once();
  }
  const Deadline deadline = Deadline::after(kTimeForGoodbyes);
  const auto unsent = [](const LifelineLink& link) { return link.has_unsent(); };
  while (std::any_of(links_.begin(), links_.end(), unsent) && !deadline.expired()) poll_once();
  links_.clear();
}

int Lifeline::poll_timeout() const {
  Clock::time_point until = next_tick_;
  for (const Held& held : held_) until = std::min(until, held.until);
  for (const LifelineLink& link : links_)
    if (!link.up()) until = std::min(until, Clock::now() + kLookAtNewLinks);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Lifeline::poll_once() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {port_.fd(), POLLIN, 0}};  // poll ignores negative descriptors
  for (const LifelineLink& link : links_) polled.push_back({link.fd(), link.events(), 0});
  poll(polled.data(), polled.size(), poll_timeout());
  std::size_t index = 2;
  for (LifelineLink& link : links_) {
    const short revents = polled[index++].revents;
    for (const std::string& message : link.service(revents)) receive(link, message);
  }
  if (polled[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto length = read(wake_.get(), &count, sizeof count);
  }
  if (polled[1].revents != 0) accept_all();
  do_what_was_asked();
  look_after_links();
  report_held();
  if (Clock::now() >= next_tick_) tick();
}

void Lifeline::accept_all() {
  while (true) {
    FileDescriptor accepted(accept4(port_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted) return;
    links_.emplace_back(ranks_, std::move(accepted));
  }
}

void Lifeline::do_what_was_asked() {
  std::deque<std::string> outbox;
  std::deque<int> ended;
  bool leaving = false;
  {
    std::lock_guard lock(mutex_);
    outbox.swap(outbox_);
    ended.swap(ended_elsewhere_);
    leaving = leaving_;
  }
  for (const std::string& message : outbox) send_to_all(message, nullptr);
  if (!outbox.empty()) changed_.notify_all();
  if (leaving && !said_goodbye_) {
    said_goodbye_ = true;
    for (LifelineLink& link : links_) link.send_goodbye();
  }
  for (int rank : ended) rank_lost(rank);
}

void Lifeline::look_after_links() {
  const auto closed = [](const LifelineLink& link) { return link.phase() == LifelineLink::Phase::kClosed; };
  for (LifelineLink& link : links_) {
    link.check_time();
    if (closed(link)) link_ended(link);
  }
  links_.remove_if(closed);
  std::lock_guard lock(mutex_);
  if (links_stand_ || !all_settled()) return;
  links_stand_ = true;
  changed_.notify_all();
}

void Lifeline::link_ended(const LifelineLink& link) {
  switch (link.end()) {
    case LifelineLink::End::kGoodbye:
      explained_.insert(link.peer());
      return;
    case LifelineLink::End::kProcessEnded:
      return rank_lost(link.peer());
    case LifelineLink::End::kUnreachable:
      return host_lost(host_of(link.peer()));
    case LifelineLink::End::kNone:
      break;
  }
  if (!link.is_outgoing() || said_goodbye_) return;
  log_info(concat("no TCP connection to ", topology_.describe(link.peer()),
                  " could be made: its end is noticed by MPI alone\n  remedy: let the ranks' hosts connect to each other, "
                  "or name their interfaces in SKEIN_NETWORK_INTERFACES"));
}

bool Lifeline::is_new(std::uint64_t id) {
  if (!seen_.insert(id).second) return false;
  seen_in_order_.push_back(id);
  if (seen_in_order_.size() > kNoticesRemembered) {
    seen_.erase(seen_in_order_.front());
    seen_in_order_.pop_front();
  }
  return true;
}

/// Passes on what is new, before anything is done about it.
void Lifeline::receive(const LifelineLink& link, const std::string& message) {
  const Notice parsed = Notice::parse(message, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return;
  const int origin = parsed.value("origin", -1);
  const auto id = static_cast<std::uint64_t>(origin) << 40 | parsed.value("number", std::uint64_t{0});
  if (origin < 0 || origin >= topology_.world_size() || origin == ranks_.self || !is_new(id)) return;
  send_to_all(message, &link);
  deliver(origin, parsed.value("topic", ""), parsed.value("notice", Notice::object()));
}

void Lifeline::send_to_all(const std::string& message, const LifelineLink* except) {
  for (LifelineLink& link : links_)
    if (&link != except) link.send_message(message);
}

void Lifeline::say(const std::string& topic, const Notice& notice) {
  send_to_all(message_of(topic, notice), nullptr);
}

void Lifeline::deliver(int origin, const std::string& topic, const Notice& notice) {
  if (topic == kLost) {
    hear_of_loss(notice);
  } else if (topic == kFailed) {
    hear_of_failure(origin, notice);
  } else if (topic == kSilent) {
    std::lock_guard lock(mutex_);
    if (notice.value("silent", false))
      silent_.insert(notice.value("rank", -1));
    else
      silent_.erase(notice.value("rank", -1));
  }
  for (const auto& listener : listeners()) {
    std::lock_guard calling(listener->mutex);
    if (listener->active && listener->topic == topic) listener->handler(origin, notice);
  }
}

void Lifeline::hear_of_failure(int origin, const Notice& notice) {
  explained_.insert(origin);
  held_.push_back({Clock::now() + timing_.patience,
                   failure_of_other(topology_.describe(origin), notice.value("kind", ""), notice.value("message", ""))});
}

void Lifeline::report_held() {
  while (!held_.empty() && held_.front().until <= Clock::now()) {
    const std::exception_ptr failure = held_.front().failure;
    held_.erase(held_.begin());
    fail(failure);
  }
}

void Lifeline::fail(const std::exception_ptr& failure) {
  {
    std::lock_guard lock(mutex_);
    if (leaving_) return;
  }
  if (failed_) return;
  failed_ = true;
  on_failure_(failure);
}

/// What this rank has seen of a loss, `message`, `remedy` and whether it is a `host`'s, becomes the failure of all.
void Lifeline::lose(Notice loss) {
  {
    std::lock_guard lock(mutex_);
    if (leaving_) return;
  }
  if (failed_) return;
  say(kLost, loss);
  hear_of_loss(loss);
}

void Lifeline::hear_of_loss(const Notice& loss) {
  if (loss.value("host", false)) lost_host_ = true;
  fail(std::make_exception_ptr(PeerLost(loss.value("message", ""), loss.value("remedy", ""))));
}

void Lifeline::rank_lost(int rank) {
  if (explained_.contains(rank)) return;
  const Topology::Member& member = topology_.members[rank];
  const std::string host = topology_.num_hosts() > 1 ? concat(member.host_name, ", ") : "";
  lose({{"message", concat("rank ", rank, " (", host, "pid ", member.pid, ") ended unexpectedly")},
        {"remedy", "look at the end of its log and of the system's log (out of memory?)"}});
}

/// Whether no other host of several is heard any more.
bool Lifeline::is_cut_off() const {
  std::set<int> hosts;
  for (const LifelineLink& link : links_) {
    if (!link.up() || host_of(link.peer()) == host_of(ranks_.self)) continue;
    if (link.num_missed < timing_.most_missed) return false;
    hosts.insert(host_of(link.peer()));
  }
  return hosts.size() > 1;
}

void Lifeline::host_lost(int host) {
  const auto name_of = [&](int which) { return topology_.members[topology_.ranks_of_host(which).front()].host_name; };
  const auto silence = std::chrono::duration<double>(timing_.heartbeat * timing_.most_missed).count();
  const std::string own = name_of(host_of(ranks_.self));
  if (is_cut_off())
    return lose({{"host", true},
                 {"message", concat("no other host answers ", own, " any more (no heartbeat for ", silence,
                                    " s): the link of ", own, " is down")},
                 {"remedy", "look at the network interface, cable and switch port of this host"}});
  std::string ranks;
  for (int rank : topology_.ranks_of_host(host)) ranks += concat(ranks.empty() ? "" : ", ", rank);
  lose({{"host", true},
        {"message", concat(name_of(host), " does not answer any more (no heartbeat for ", silence,
                           " s): its link is down or the host is lost; ranks on it: ", ranks)},
        {"remedy", "look whether that host runs and can be reached; the ranks on it end when they notice the same"}});
}

void Lifeline::tick() {
  next_tick_ = std::max(next_tick_ + timing_.heartbeat, Clock::now() + timing_.heartbeat / 2);
  for (LifelineLink& link : links_) {
    if (!link.up()) continue;
    ++link.num_missed;
    link.send_heartbeat();
  }
  for (const LifelineLink& link : links_)
    if (link.up()) judge(link);
  for (const auto& listener : listeners()) {
    std::lock_guard calling(listener->mutex);
    if (listener->active) listener->on_tick();
  }
}

/// Missed heartbeats are counted by this rank's own: one that was stopped itself has missed none.
void Lifeline::judge(const LifelineLink& link) {
  const Topology::Member& peer = topology_.members[link.peer()];
  const bool near = peer.host == host_of(ranks_.self);
  const bool silent = link.num_missed > timing_.most_missed && link.end() != LifelineLink::End::kGoodbye;
  if (silent && !near && link.unacknowledged_for(timing_.heartbeat * 2)) return host_lost(peer.host);
  if (!link.is_outgoing()) return;
  const bool stopped = near && peer.pid != 0 && is_stopped(static_cast<pid_t>(peer.pid));
  set_silent(link.peer(), stopped || silent,
             stopped ? " is stopped (SIGSTOP or a debugger)"
                     : " has not been heard of although its host answers: stopped, or without processor time");
}

/// Who has said that a rank is silent also says when it goes on.
void Lifeline::set_silent(int rank, bool silent, const std::string& how) {
  {
    std::lock_guard lock(mutex_);
    if (silent == silent_.contains(rank) || leaving_ || (!silent && !told_.contains(rank))) return;
    if (silent)
      silent_.insert(rank);
    else
      silent_.erase(rank);
  }
  if (silent)
    told_.insert(rank);
  else
    told_.erase(rank);
  log_warning(concat(topology_.describe(rank), silent ? how + "; the others wait for it" : " goes on"));
  say(kSilent, {{"rank", rank}, {"silent", silent}});
}

}  // namespace skein
