#pragma once
// How ranks hear of each other beside MPI: of deaths, lost links, stopped processes and failures, within milliseconds or a
// few heartbeats, whatever the ranks are doing.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/process/lifeline_link.h"
#include "runtime/process/lifeline_notice.h"
#include "runtime/process/lifeline_verdict.h"
#include "runtime/process/topology.h"

namespace skein {

/// TCP connections between neighbours (lifeline_graph.h), and one thread that sleeps in poll(2). What one rank has to say,
/// all others hear over these connections. The kernel tells three things apart:
/// - a process that has ended: its host closes the connection at once;
/// - a host or link that is lost: nothing that was sent is acknowledged, and heartbeats are missing;
/// - a process that is stopped or hangs: its host acknowledges, but heartbeats are missing. It is reported and waited for.
/// A rank that leaves in order says goodbye first. Any thread may call any function.
class Lifeline {
 public:
  /// For tests that cannot wait.
  struct Timing {
    std::chrono::milliseconds heartbeat{1000};
    int most_missed = 5;  ///< a switch that chooses another way may take some seconds
    std::chrono::milliseconds connect{3000};  ///< at most, for all connections, when the lifeline is made
    /// How long the failure of another rank is kept back: this one may be about to find the same, in its own words.
    std::chrono::milliseconds patience{400};
  };
  using OnFailure = std::function<void(std::exception_ptr)>;
  using Notice = nlohmann::json;
  using OnNotice = std::function<void(int origin, const Notice&)>;

  /// `contacts`, by rank, are those of the ranks' LifelinePorts; `port` is this rank's own. `on_failure` is called from
  /// the lifeline's thread with PeerLost, or with what another rank has failed of. Waits until the connections stand;
  /// says in the log which ones do not.
  Lifeline(int rank, Topology topology, LifelinePort port, std::vector<LifelineContact> contacts, OnFailure on_failure,
           Timing timing);
  Lifeline(int rank, Topology topology, LifelinePort port, std::vector<LifelineContact> contacts, OnFailure on_failure)
      : Lifeline(rank, std::move(topology), std::move(port), std::move(contacts), std::move(on_failure), Timing()) {}
  /// Closes the connections: for the others a death, unless leave() was called.
  ~Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  /// From here on nobody's end means anything, and the others hear that this rank's does not either.
  void leave();
  /// Tells all others that this rank has failed. Waits a moment for it to be sent. Not from `on_failure`.
  void announce_failure(const std::exception& error);
  /// The process of `rank` has ended, as this rank knows from elsewhere: a failure, for this rank and all others, unless
  /// that rank has announced one or left. Does not wait.
  void process_ended(int rank);

  /// Sends `content`, an object, to all others. Does not wait.
  void flood(const std::string& topic, const Notice& content);
  /// `handler` is called from the lifeline's thread with the notices of a topic, and `on_tick` after each heartbeat.
  /// Neither may block. The returned owner ends that when it goes; it must go before the lifeline does.
  std::shared_ptr<void> listen(const std::string& topic, OnNotice handler, std::function<void()> on_tick);
  /// This rank has failed and has left all the traces it will: the others may let it be ended. Does not wait.
  void ready_to_end();
  /// Waits until all other ranks are ready to end, or can be waited for no more.
  void await_ready_to_end(Deadline deadline);
  /// Whether the failure is the loss of a host or link.
  bool has_lost_host() const { return lost_host_; }
  /// Whether `rank` is known to be stopped, or not to run for another reason.
  bool is_silent(int rank) const;
  const Topology& topology() const { return topology_; }
  int rank() const { return ranks_.self; }

 private:
  // Topics of its own.
  static constexpr const char* kLost = "lost";
  static constexpr const char* kFailed = "failed";
  static constexpr const char* kSilent = "silent";
  static constexpr const char* kNotAwaited = "not awaited";

  struct Listener;
  struct Held {
    Clock::time_point until;
    std::exception_ptr failure;
  };

  std::vector<NetworkAddress> addresses_of(int peer) const;
  void wait_for_links();
  std::string message_of(const std::string& topic, const Notice& content);
  void wake();
  bool is_leaving() const;
  std::vector<std::shared_ptr<Listener>> listeners() const;
  int host_of(int rank) const { return topology_.members[rank].host; }
  std::chrono::milliseconds longest_silence() const { return timing_.heartbeat * timing_.most_missed; }

  // The thread's (lifeline_thread.cpp).
  void run();
  int poll_timeout() const;
  void poll_once();
  void accept_all();
  bool all_settled() const;
  bool hears_from(int dialer) const;
  void look_after_links();
  void link_ended(const LifelineLink& link);
  void receive(const LifelineLink& link, const std::string& message);
  void deliver(const LifelineNotice& notice);
  void send_to_all(const std::string& message, const LifelineLink* except);
  void say(const std::string& topic, const Notice& content);
  void do_what_was_asked();
  void tick();
  PeerState state_of(const LifelineLink& link) const;
  void set_silent(int rank, PeerState state);
  void note_silence(const Notice& notice);
  void rank_lost(int rank);
  void host_lost(int host);
  bool is_cut_off() const;
  void lose(const Loss& loss);
  void hear_of_loss(const Loss& loss);
  void hear_of_failure(int origin, const Notice& told);
  void expect_no_more(const Notice& notice);
  void report_held();
  void fail(const std::exception_ptr& failure);

  Topology topology_;
  LifelinePort port_;
  LifelineLink::Ranks ranks_;
  std::vector<int> dialers_;
  OnFailure on_failure_;
  Timing timing_;
  FileDescriptor wake_;
  std::atomic<bool> lost_host_{false};

  // The thread's own.
  std::list<LifelineLink> links_;
  NoticesHeard heard_;
  std::set<int> explained_;  // ranks whose failure has been announced: their end is no news
  std::set<int> told_;       // ranks of whose silence this rank has spoken
  std::vector<Held> held_;
  Clock::time_point next_tick_;
  bool said_goodbye_ = false;
  bool failed_ = false;  // on_failure has been called

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::string> outbox_;
  std::deque<int> ended_elsewhere_;
  std::uint64_t num_said_ = 0;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::set<int> silent_;
  std::set<int> not_awaited_;  // ranks that are ready to end, or have ended, or cannot be reached
  bool links_stand_ = false;
  bool leaving_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

/// What listen() keeps.
struct Lifeline::Listener {
  std::mutex mutex;  // held while one of them is called
  bool active = true;
  std::string topic;
  OnNotice handler;
  std::function<void()> on_tick;
};

}  // namespace skein
