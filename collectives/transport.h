#pragma once
// Moves bytes between ranks. Algorithms see only this; a new transport touches no algorithm.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/process/deadline.h"

namespace skein {

/// A send or receive under way. Its memory must stay until wait() has returned; destroying it earlier is allowed only
/// after a failure.
class Transfer {
 public:
  virtual ~Transfer() = default;
  /// Blocks until the bytes may be reused (send) or read (recv). Throws TimeoutError or PeerLost naming the peer.
  virtual void wait(Deadline deadline) = 0;
  /// Whether wait() would return, or throw, at once; also makes progress, so that asking again and again is enough.
  virtual bool done() = 0;
  /// Bytes that have arrived; of a receive for which wait() has returned.
  virtual std::size_t num_received() const = 0;
};

/// Blocks until one of `transfers` is done: tests them for a moment, then sleeps between tests, at most 50 us, so that it
/// never takes the core from ranks that compute. At the deadline it waits for the first, which says who is missing.
void wait_for_any(std::span<Transfer* const> transfers, Deadline deadline);

using Tag = std::int32_t;  ///< non-negative

/// Messages between the same two ranks with the same tag arrive in the order in which they were sent, and a recv() has
/// exactly the length of its send. Any thread may call any function; a Transfer belongs to one thread at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int world_size() const = 0;
  virtual std::unique_ptr<Transfer> send(int peer, Tag tag, std::span<const std::byte> bytes) = 0;
  /// A send that, between processes, is done only once the peer has begun to receive: a sender that waits for it fills
  /// nobody's memory with messages that nobody has asked for yet.
  virtual std::unique_ptr<Transfer> sync_send(int peer, Tag tag, std::span<const std::byte> bytes) {
    return send(peer, tag, bytes);
  }
  virtual std::unique_ptr<Transfer> recv(int peer, Tag tag, std::span<std::byte> bytes) = 0;
  /// Receives a message that may be shorter than `bytes`.
  virtual std::unique_ptr<Transfer> recv_up_to(int peer, Tag tag, std::span<std::byte> bytes) = 0;
  /// A transport among `ranks` of this one, renumbered in the order given; messages of the two never mix. Collective over
  /// `ranks`, and may wait for ever for one that does not come: see meet().
  virtual std::unique_ptr<Transport> split(const std::vector<int>& ranks) = 0;
};

/// Returns once all `ranks`, the calling one among them, have called it with the same ranks in the same order: a
/// dissemination barrier (Hensgen, Finkel, Manber, "Two algorithms for barrier synchronization", Int. J. Parallel Program.
/// 17 (1988), doi:10.1007/BF01379320). Throws TimeoutError when one does not come, MismatchError when one gives others.
void meet(Transport& transport, const std::vector<int>& ranks, Deadline deadline);

/// One plain value, sent or received before these return.
template <class T>
void send_value(Transport& transport, int peer, Tag tag, const T& value, Deadline deadline) {
  transport.send(peer, tag, std::as_bytes(std::span(&value, 1)))->wait(deadline);
}
template <class T>
void receive_value(Transport& transport, int peer, Tag tag, T& value, Deadline deadline) {
  transport.recv(peer, tag, std::as_writable_bytes(std::span(&value, 1)))->wait(deadline);
}

}  // namespace skein
