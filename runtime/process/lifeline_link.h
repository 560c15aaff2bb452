#pragma once
// One TCP connection between two ranks: who is at the other end, what it says, and how it ends.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/process/deadline.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/lifeline_port.h"

namespace skein {

/// Never blocks. Belongs to one thread. Both ends first prove by their nonces that they are the ranks they say they are;
/// what ends before that is no link and nobody's death.
class LifelineLink {
 public:
  enum class Phase { kConnecting, kGreeting, kUp, kClosed };
  /// How a link that was up has ended.
  enum class End { kNone, kGoodbye, kProcessEnded, kUnreachable };

  /// What ranks know of each other; must outlive the link.
  struct Ranks {
    int self = 0;
    std::vector<LifelineContact> contacts;  ///< by rank
  };

  /// Connects to rank `peer`, trying `addresses` in turn.
  LifelineLink(const Ranks& ranks, int peer, std::vector<NetworkAddress> addresses);
  /// A connection that somebody has made to this rank.
  LifelineLink(const Ranks& ranks, FileDescriptor accepted);

  Phase phase() const { return phase_; }
  bool up() const { return phase_ == Phase::kUp; }
  bool is_outgoing() const { return outgoing_; }
  int peer() const { return peer_; }  ///< negative while nobody has said who it is
  End end() const { return end_; }

  int fd() const { return socket_.get(); }
  short events() const;
  /// Reads and writes what can be; returns the messages that have arrived complete.
  std::vector<std::string> service(short revents);
  /// Gives up an address, or a stranger, that has taken too long.
  void check_time();
  void send_heartbeat();
  void send_goodbye();
  void send_message(const std::string& message);
  bool has_unsent() const { return !unsent_.empty(); }

  /// Heartbeats since something was last heard; the owner of the link adds one at each.
  int num_missed = 0;
  /// Whether the other host's system has acknowledged nothing for `time`, although something was sent.
  bool unacknowledged_for(std::chrono::milliseconds time) const;

 private:
  enum class Kind : std::uint32_t { kHeartbeat, kGoodbye, kMessage };
  void connect_to_next();
  void connected();
  void greet();
  bool accept_greeting();
  void send_frame(Kind kind, const std::string& payload);
  void flush();
  End read_all();
  std::vector<std::string> take_messages();
  void lose(End end);

  const Ranks& ranks_;
  bool outgoing_;
  int peer_ = -1;
  std::vector<NetworkAddress> addresses_;
  std::size_t next_address_ = 0;
  FileDescriptor socket_;
  Phase phase_ = Phase::kConnecting;
  End end_ = End::kNone;
  Deadline give_up_;
  std::string received_;
  std::string unsent_;
};

}  // namespace skein
