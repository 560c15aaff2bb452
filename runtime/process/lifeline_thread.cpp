// What the thread of a Lifeline does: waits for what the connections and the callers have to say, and judges silence.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/process/lifeline.h"
#include "runtime/process/log.h"
#include "runtime/process/process_state.h"
#include "runtime/process/text.h"

namespace skein {

using namespace std::chrono_literals;

namespace {

constexpr auto kTimeForGoodbyes = 200ms;
constexpr auto kLookAtNewLinks = 50ms;  // while some do not stand yet

}  // namespace

void Lifeline::run() {
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    poll_once();
  }
  do_what_was_asked();  // since this thread last looked: a goodbye above all
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

/// No connection is being made any more, and everybody who should connect to this rank has.
bool Lifeline::all_settled() const {
  const auto being_made = [](const LifelineLink& link) {
    return link.is_outgoing() && !link.up() && link.phase() != LifelineLink::Phase::kClosed;
  };
  return std::none_of(links_.begin(), links_.end(), being_made) &&
         std::all_of(dialers_.begin(), dialers_.end(), [&](int dialer) { return hears_from(dialer); });
}

bool Lifeline::hears_from(int dialer) const {
  return std::any_of(links_.begin(), links_.end(), [&](const LifelineLink& link) {
    return link.up() && link.peer() == dialer && !link.is_outgoing();
  });
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

/// Passes on what is new, before anything is done about it.
void Lifeline::receive(const LifelineLink& link, const std::string& message) {
  const auto notice = LifelineNotice::decoded(message, topology_.world_size());
  if (!notice || notice->origin == rank() || !heard_.is_new(*notice)) return;
  send_to_all(message, &link);
  try {
    deliver(*notice);
  } catch (const Notice::exception& error) {
    log_warning(concat(topology_.describe(notice->origin), " sent a notice that makes no sense: ", error.what()));
  }
}

void Lifeline::send_to_all(const std::string& message, const LifelineLink* except) {
  for (LifelineLink& link : links_)
    if (&link != except) link.send_message(message);
}

void Lifeline::say(const std::string& topic, const Notice& content) {
  send_to_all(message_of(topic, content), nullptr);
}

void Lifeline::deliver(const LifelineNotice& notice) {
  if (notice.topic == kLost) return hear_of_loss(Loss::from_json(notice.content));
  if (notice.topic == kFailed) return hear_of_failure(notice.origin, notice.content);
  if (notice.topic == kSilent) return note_silence(notice.content);
  if (notice.topic == kNotAwaited) return expect_no_more(notice.content);
  for (const auto& listener : listeners()) {
    std::lock_guard calling(listener->mutex);
    if (listener->active && listener->topic == notice.topic) listener->handler(notice.origin, notice.content);
  }
}

void Lifeline::tick() {
  next_tick_ = std::max(next_tick_ + timing_.heartbeat, Clock::now() + timing_.heartbeat / 2);
  for (LifelineLink& link : links_) {
    if (!link.up()) continue;
    ++link.num_missed;
    link.send_heartbeat();
  }
  for (const LifelineLink& link : links_) {
    if (!link.up()) continue;
    const PeerState state = state_of(link);
    if (state == PeerState::kHostLost)
      host_lost(host_of(link.peer()));
    else if (link.is_outgoing())
      set_silent(link.peer(), state);
  }
  for (const auto& listener : listeners()) {
    std::lock_guard calling(listener->mutex);
    if (listener->active) listener->on_tick();
  }
}

/// Missed heartbeats are counted by this rank's own: one that was stopped itself has missed none.
PeerState Lifeline::state_of(const LifelineLink& link) const {
  const Topology::Member& peer = topology_.members[link.peer()];
  PeerSigns signs;
  signs.near = peer.host == host_of(rank());
  signs.said_goodbye = link.end() == LifelineLink::End::kGoodbye;
  signs.num_missed = link.num_missed;
  signs.unacknowledged = link.unacknowledged_for(timing_.heartbeat * 2);
  signs.stopped = signs.near && peer.pid != 0 && is_stopped(static_cast<pid_t>(peer.pid));
  return judge(signs, timing_.most_missed);
}

}  // namespace skein
