#include "collectives/point_to_point.h"

#include <array>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

// Above all tags of collectives.
constexpr Tag kHeaderTag = 1 << 30;
constexpr Tag kDataTag = kHeaderTag + 1;

/// What precedes the data.
struct Header {
  std::uint64_t count = 0;
  std::uint64_t dtype = 0;
  std::array<char, 112> name{};

  bool operator==(const Header&) const = default;
  std::string describe() const {
    return concat(dtype_name(static_cast<DType>(dtype)), " x ", count, name[0] == 0 ? "" : " '", name.data(),
                  name[0] == 0 ? "" : "'");
  }
};

Header header_of(const Buffer& buffer, std::string_view name) {
  Header header{buffer.count, static_cast<std::uint64_t>(buffer.dtype), {}};
  name.copy(header.name.data(), header.name.size() - 1);
  return header;
}

std::span<std::byte> bytes_of(const Buffer& buffer) {
  return {static_cast<std::byte*>(buffer.data), buffer.num_bytes()};
}

}  // namespace

/// A send or receive under way; its transfers have been started in the order of the calls.
class PointToPoint::Message final : public Work::State {
 public:
  Message(const Buffer& buffer, std::string_view name, std::string peer, Clock::duration timeout)
      : buffer_(buffer),
        expected_(header_of(buffer, name)),
        peer_(std::move(peer)),
        timeout_(timeout),
        start_(Clock::now()) {}

  void start_sending(Transport& transport, int to) {
    header_ = expected_;
    transfers_ = {transport.send(to, kHeaderTag, header_bytes()), transport.send(to, kDataTag, bytes_of(buffer_))};
  }
  void start_receiving(Transport& transport, int from) {
    transfers_ = {transport.recv(from, kHeaderTag, header_bytes()), transport.recv(from, kDataTag, bytes_of(buffer_))};
  }

  void wait(Deadline deadline) override {
    std::lock_guard lock(mutex_);
    if (completed_) return;
    transfers_[0]->wait(deadline);
    if (header_ != expected_)
      throw MismatchError(
          concat("receiving ", expected_.describe(), " from ", peer_, ", which sends ", header_.describe()),
          "make the two ranks send and receive the same things in the same order");
    transfers_[1]->wait(deadline);
    run_time_ = Clock::now() - start_;
    completed_ = true;
  }
  void order(void*) override { wait(Deadline::after(timeout_)); }
  Clock::duration patience() const override { return timeout_; }
  bool done() const override {
    std::lock_guard lock(mutex_);
    return completed_ || (transfers_[0]->done() && (header_ != expected_ || transfers_[1]->done()));
  }
  Clock::duration run_time() const override {
    std::lock_guard lock(mutex_);
    return run_time_;
  }

 private:
  std::span<std::byte> header_bytes() { return std::as_writable_bytes(std::span(&header_, 1)); }

  Buffer buffer_;
  Header expected_;
  std::string peer_;
  Clock::duration timeout_;
  Clock::time_point start_;
  Header header_;
  mutable std::mutex mutex_;                            // guards what follows
  std::array<std::unique_ptr<Transfer>, 2> transfers_;  // of the header and the data
  bool completed_ = false;
  Clock::duration run_time_{};
};

PointToPoint::PointToPoint(Transport& transport, const Topology& topology, Clock::duration timeout)
    : transport_(transport), topology_(topology), timeout_(timeout) {}
PointToPoint::~PointToPoint() = default;

void PointToPoint::check(const char* verb, const Buffer& buffer, int peer) const {
  const auto require = [&](bool condition, const std::string& what) {
    if (!condition) throw UsageError(concat(verb, ": ", what));
  };
  require(peer >= 0 && peer < topology_.world_size(),
          concat("rank ", peer, " is not one of this communicator of ", topology_.world_size()));
  require(peer != transport_.rank(), "a rank cannot exchange messages with itself; copy instead");
  require(buffer.device.kind == Device::Kind::kCpu, "the host communicator works on CPU memory only");
  require(buffer.data != nullptr || buffer.count == 0, concat("the buffer of ", buffer.count, " elements is null"));
}

/// Drops what has ended, and keeps the new one until it has.
Work PointToPoint::keep(std::shared_ptr<Message> message) {
  under_way_.remove_if([](const std::shared_ptr<Message>& other) { return other.use_count() == 1 && other->done(); });
  under_way_.push_back(message);
  return Work(std::move(message));
}

Work PointToPoint::send(const Buffer& buffer, int to, std::string_view name) {
  check("send", buffer, to);
  auto message = std::make_shared<Message>(buffer, name, topology_.describe(to), timeout_);
  std::lock_guard lock(mutex_);
  message->start_sending(transport_, to);
  return keep(std::move(message));
}

Work PointToPoint::recv(const Buffer& buffer, int from, std::string_view name) {
  check("recv", buffer, from);
  auto message = std::make_shared<Message>(buffer, name, topology_.describe(from), timeout_);
  std::lock_guard lock(mutex_);
  message->start_receiving(transport_, from);
  return keep(std::move(message));
}

}  // namespace skein
