#include "runtime/process/lifeline_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace skein {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimePerAddress = 500ms;   // for a connection and the greeting
constexpr auto kTimeForStrangers = 5s;    // to say who they are
constexpr std::size_t kMostUnsent = 1u << 20;  // beyond it messages are dropped: the other end does not read
constexpr std::uint32_t kMostPayload = 1u << 20;

struct Greeting {
  std::uint64_t magic = 0x534b45494e303031;
  std::uint64_t nonce_of_receiver = 0;
  std::uint64_t nonce_of_sender = 0;
  std::uint64_t rank_of_sender = 0;
};

struct FrameHeader {
  std::uint32_t num_bytes = 0;
  std::uint32_t kind = 0;
};

template <class T>
void append(std::string& text, const T& value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Heartbeats must not wait for the answer to the one before.
void send_without_delay(int fd) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

LifelineLink::LifelineLink(const Ranks& ranks, int peer, std::vector<NetworkAddress> addresses)
    : ranks_(ranks), outgoing_(true), peer_(peer), addresses_(std::move(addresses)), give_up_(Deadline::after(0s)) {
  connect_to_next();
}

LifelineLink::LifelineLink(const Ranks& ranks, FileDescriptor accepted)
    : ranks_(ranks),
      outgoing_(false),
      socket_(std::move(accepted)),
      phase_(Phase::kGreeting),
      give_up_(Deadline::after(kTimeForStrangers)) {
  send_without_delay(socket_.get());
}

short LifelineLink::events() const {
  if (phase_ == Phase::kConnecting) return POLLOUT;
  return unsent_.empty() ? POLLIN : POLLIN | POLLOUT;
}

void LifelineLink::connect_to_next() {
  socket_.reset();
  received_.clear();
  unsent_.clear();
  const std::uint32_t port = ranks_.contacts[peer_].port;
  while (!socket_ && port != 0 && next_address_ < addresses_.size())
    socket_ = begin_to_connect(addresses_[next_address_++], port);
  phase_ = socket_ ? Phase::kConnecting : Phase::kClosed;
  give_up_ = Deadline::after(kTimePerAddress);
}

void LifelineLink::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) return connect_to_next();
  send_without_delay(socket_.get());
  phase_ = Phase::kGreeting;
  greet();
}

void LifelineLink::greet() {
  Greeting greeting;
  greeting.nonce_of_receiver = ranks_.contacts[peer_].nonce;
  greeting.nonce_of_sender = ranks_.contacts[ranks_.self].nonce;
  greeting.rank_of_sender = static_cast<std::uint64_t>(ranks_.self);
  append(unsent_, greeting);
  flush();
}

/// False when the other end is not who it should be; nothing happens until the greeting is complete.
bool LifelineLink::accept_greeting() {
  if (received_.size() < sizeof(Greeting)) return true;
  Greeting greeting;
  std::memcpy(&greeting, received_.data(), sizeof greeting);
  received_.erase(0, sizeof greeting);
  if (greeting.magic != Greeting{}.magic || greeting.nonce_of_receiver != ranks_.contacts[ranks_.self].nonce ||
      greeting.rank_of_sender >= ranks_.contacts.size())
    return false;
  const int sender = static_cast<int>(greeting.rank_of_sender);
  if (greeting.nonce_of_sender != ranks_.contacts[sender].nonce || (outgoing_ && sender != peer_)) return false;
  peer_ = sender;
  phase_ = Phase::kUp;
  if (!outgoing_) greet();
  return true;
}

void LifelineLink::lose(End end) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ != Phase::kUp && outgoing_) return connect_to_next();
  if (phase_ == Phase::kUp && end_ == End::kNone) end_ = end;
  phase_ = Phase::kClosed;
  unsent_.clear();
  socket_.reset();
}

void LifelineLink::check_time() {
  const bool waiting = phase_ == Phase::kConnecting || phase_ == Phase::kGreeting;
  if (waiting && give_up_.expired()) lose(End::kUnreachable);
}

void LifelineLink::send_heartbeat() {
  if (up() && unsent_.empty()) send_frame(Kind::kHeartbeat, {});
}

void LifelineLink::send_goodbye() {
  if (up()) send_frame(Kind::kGoodbye, {});
}

void LifelineLink::send_message(const std::string& message) {
  if (up() && message.size() <= kMostPayload && unsent_.size() + message.size() <= kMostUnsent)
    send_frame(Kind::kMessage, message);
}

void LifelineLink::send_frame(Kind kind, const std::string& payload) {
  append(unsent_, FrameHeader{static_cast<std::uint32_t>(payload.size()), static_cast<std::uint32_t>(kind)});
  unsent_ += payload;
  flush();
}

/// Errors are left to the next read, which knows what has arrived before.
void LifelineLink::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      unsent_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      if (errno != EAGAIN) unsent_.clear();
      return;
    }
  }
}

/// How the connection has ended, or kNone while it stands.
LifelineLink::End LifelineLink::read_all() {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t length = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (length > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(length));
      num_missed = 0;
    } else if (length == 0 || errno == ECONNRESET || errno == EPIPE) {
      return End::kProcessEnded;
    } else if (errno == EAGAIN) {
      return End::kNone;
    } else if (errno != EINTR) {
      return End::kUnreachable;
    }
  }
}

std::vector<std::string> LifelineLink::take_messages() {
  std::vector<std::string> messages;
  FrameHeader header;
  std::size_t begin = 0;
  while (received_.size() - begin >= sizeof header) {
    std::memcpy(&header, received_.data() + begin, sizeof header);
    if (received_.size() - begin - sizeof header < header.num_bytes) break;
    begin += sizeof header;
    if (header.kind == static_cast<std::uint32_t>(Kind::kGoodbye)) end_ = End::kGoodbye;
    if (header.kind == static_cast<std::uint32_t>(Kind::kMessage))
      messages.push_back(received_.substr(begin, header.num_bytes));
    begin += header.num_bytes;
  }
  received_.erase(0, begin);
  return messages;
}

std::vector<std::string> LifelineLink::service(short revents) {
  if (revents == 0 || phase_ == Phase::kClosed) return {};
  if (phase_ == Phase::kConnecting) {
    connected();
    return {};
  }
  if ((revents & POLLOUT) != 0) flush();
  if ((revents & (POLLIN | POLLERR | POLLHUP)) == 0) return {};
  const End ended = read_all();
  if (phase_ == Phase::kGreeting && !accept_greeting()) {
    lose(End::kUnreachable);
    return {};
  }
  std::vector<std::string> messages;
  if (up()) messages = take_messages();  // what arrived before the end counts
  if (ended != End::kNone) lose(ended);
  return messages;
}

bool LifelineLink::unacknowledged_for(std::chrono::milliseconds time) const {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (!up() || getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  return info.tcpi_unacked > 0 && std::chrono::milliseconds(info.tcpi_last_ack_recv) >= time;
}

}  // namespace skein
