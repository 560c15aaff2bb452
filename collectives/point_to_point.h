#pragma once
// One rank to one other, beside the collectives.

#include <list>
#include <memory>
#include <mutex>
#include <string_view>

#include "collectives/buffer.h"
#include "collectives/transport.h"
#include "collectives/work.h"
#include "runtime/process/topology.h"

namespace skein {

/// Any thread may call any function. Every message consists of a header, which says what it is, and the data behind it.
class PointToPoint {
 public:
  /// Both must outlive it, and every Work that it has handed out.
  PointToPoint(Transport& transport, const Topology& topology, Clock::duration timeout = kDefaultTimeout);
  ~PointToPoint();

  Work send(const Buffer& buffer, int to, std::string_view name);
  /// The Work throws MismatchError when something else comes than `buffer` and `name` say.
  Work recv(const Buffer& buffer, int from, std::string_view name);

 private:
  class Message;
  void check(const char* verb, const Buffer& buffer, int peer) const;
  Work keep(std::shared_ptr<Message> message);

  Transport& transport_;
  const Topology& topology_;
  const Clock::duration timeout_;
  std::mutex mutex_;                               // guards what follows, and the order of messages
  std::list<std::shared_ptr<Message>> under_way_;  // also those that nobody waits for any more
};

}  // namespace skein
