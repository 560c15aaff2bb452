#include "collectives/thread_transport.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using Message = std::vector<std::byte>;

/// Everything sent and not yet received, shared by the ranks of one group.
class Mailboxes {
 public:
  using Key = std::tuple<int, int, Tag>;  // from, to, tag

  explicit Mailboxes(const Health& health) : health_(health) {}

  void put(const Key& key, Message message) {
    std::lock_guard lock(mutex_);
    Box& box = boxes_[key];
    box.messages[box.num_put++] = std::move(message);
    arrived_.notify_all();
  }

  /// The number of the next message that nobody has asked for.
  std::uint64_t ticket(const Key& key) {
    std::lock_guard lock(mutex_);
    return boxes_[key].num_asked_for++;
  }

  bool has(const Key& key, std::uint64_t number) {
    if (health_.failed()) return true;  // take() throws
    std::lock_guard lock(mutex_);
    return boxes_[key].messages.contains(number);
  }

  Message take(const Key& key, std::uint64_t number, Deadline deadline) {
    constexpr std::chrono::milliseconds kLongestSleep{20};  // then look at health and deadline
    std::unique_lock lock(mutex_);
    while (!arrived_.wait_for(lock, kLongestSleep, [&] { return boxes_[key].messages.contains(number); })) {
      health_.check();
      if (deadline.expired()) throw TimeoutError(concat("timed out while receiving from rank ", std::get<0>(key)));
    }
    return std::move(boxes_[key].messages.extract(number).mapped());
  }

  /// The mailboxes of a subgroup: made by whoever asks first, the n-th split of the same ranks is the same
  /// group.
  std::shared_ptr<Mailboxes> group(const std::vector<int>& ranks, int occurrence) {
    std::lock_guard lock(mutex_);
    auto& group = groups_[{ranks, occurrence}];
    if (!group) group = std::make_shared<Mailboxes>(health_);
    return group;
  }

 private:
  struct Box {
    std::uint64_t num_put = 0;
    std::uint64_t num_asked_for = 0;
    std::map<std::uint64_t, Message> messages;  // by number, as they were put
  };

  const Health& health_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::map<Key, Box> boxes_;
  std::map<std::pair<std::vector<int>, int>, std::shared_ptr<Mailboxes>> groups_;
};

class Sent final : public Transfer {
 public:
  void wait(Deadline) override {}
  bool done() override { return true; }
  std::size_t num_received() const override { return 0; }
};

class Receiving final : public Transfer {
 public:
  Receiving(std::shared_ptr<Mailboxes> boxes, Mailboxes::Key key, std::span<std::byte> bytes, bool exact)
      : exact_(exact), boxes_(std::move(boxes)), key_(key), bytes_(bytes), ticket_(boxes_->ticket(key)) {}
  void wait(Deadline deadline) override {
    const Message message = boxes_->take(key_, ticket_, deadline);
    num_received_ = message.size();
    if (exact_ ? message.size() != bytes_.size() : message.size() > bytes_.size())
      throw Error(concat("received ", message.size(), " bytes instead of ", bytes_.size()));
    if (!message.empty()) std::memcpy(bytes_.data(), message.data(), message.size());
  }
  bool done() override { return boxes_->has(key_, ticket_); }
  std::size_t num_received() const override { return num_received_; }

 private:
  bool exact_;
  std::shared_ptr<Mailboxes> boxes_;
  Mailboxes::Key key_;
  std::span<std::byte> bytes_;
  std::uint64_t ticket_;
  std::size_t num_received_ = 0;
};

class ThreadTransport final : public Transport {
 public:
  ThreadTransport(int rank, int world_size, std::shared_ptr<Mailboxes> boxes)
      : rank_(rank), world_size_(world_size), boxes_(std::move(boxes)) {}
  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }

  std::unique_ptr<Transfer> send(int peer, Tag tag, std::span<const std::byte> bytes) override {
    boxes_->put({rank_, peer, tag}, Message(bytes.begin(), bytes.end()));
    return std::make_unique<Sent>();
  }
  std::unique_ptr<Transfer> recv(int peer, Tag tag, std::span<std::byte> bytes) override {
    return std::make_unique<Receiving>(boxes_, Mailboxes::Key{peer, rank_, tag}, bytes, /*exact=*/true);
  }
  std::unique_ptr<Transfer> recv_up_to(int peer, Tag tag, std::span<std::byte> bytes) override {
    return std::make_unique<Receiving>(boxes_, Mailboxes::Key{peer, rank_, tag}, bytes, /*exact=*/false);
  }
  std::unique_ptr<Transport> split(const std::vector<int>& ranks) override {
    const auto position = std::find(ranks.begin(), ranks.end(), rank_);
    if (position == ranks.end()) throw UsageError("split: the calling rank is not among the ranks");
    return std::make_unique<ThreadTransport>(static_cast<int>(position - ranks.begin()), static_cast<int>(ranks.size()),
                                             boxes_->group(ranks, num_splits_[ranks]++));
  }

 private:
  int rank_;
  int world_size_;
  std::shared_ptr<Mailboxes> boxes_;
  std::map<std::vector<int>, int> num_splits_;
};

}  // namespace

std::vector<std::unique_ptr<Transport>> make_thread_transports(int world_size, const Health& health) {
  auto boxes = std::make_shared<Mailboxes>(health);
  std::vector<std::unique_ptr<Transport>> transports;
  for (int rank = 0; rank < world_size; ++rank)
    transports.push_back(std::make_unique<ThreadTransport>(rank, world_size, boxes));
  return transports;
}

}  // namespace skein
