#include "benchmarks/collective_perf/tcp_ring.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "runtime/process/deadline.h"
#include "runtime/process/error.h"
#include "runtime/process/lifeline_port.h"

namespace skein::bench {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::chrono::seconds kPatience{60};

bool wait_for(int fd, short events, Deadline deadline) {
  pollfd poll_fd{fd, events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
  return poll(&poll_fd, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) == 1;
}

FileDescriptor connect_to(const LifelineContact& contact) {
  for (std::uint32_t i = 0; i < contact.num_addresses; ++i) {
    FileDescriptor fd = begin_to_connect(contact.addresses[i], contact.port);
    if (!fd || !wait_for(fd.get(), POLLOUT, Deadline::after(std::chrono::seconds(5)))) continue;
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0) return fd;
  }
  throw Error("the next host cannot be reached by TCP", "leave out --bound");
}

FileDescriptor accept_one(int listener) {
  if (!wait_for(listener, POLLIN, Deadline::after(kPatience))) throw Error("no connection from the previous host");
  return FileDescriptor(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

/// Bytes moved by `call`; 0 where the socket would block.
std::size_t moved(ssize_t result) {
  if (result > 0) return static_cast<std::size_t>(result);
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  throw Error("the connection between two hosts broke");
}

}  // namespace

TcpRing::TcpRing(Communicator& comm) : outgoing_(kPieceBytes), incoming_(kPieceBytes) {
  const Topology& topology = comm.topology();
  const LifelinePort port("");
  std::vector<LifelineContact> contacts(comm.world_size());
  contacts[comm.rank()] = port.contact();
  const Buffer mine{&contacts[comm.rank()], sizeof(LifelineContact), DType::kUInt8};
  comm.allgather(mine, {contacts.data(), contacts.size() * sizeof(LifelineContact), DType::kUInt8}, "contacts");
  const int host = topology.members[comm.rank()].host;
  if (topology.ranks_of_host(host).front() == comm.rank()) {
    next_ = connect_to(contacts[topology.ranks_of_host((host + 1) % topology.num_hosts()).front()]);
    previous_ = accept_one(port.fd());
  }
  comm.barrier("connections");
}

void TcpRing::exchange(std::size_t num_bytes) {
  if (!next_) return;
  const Deadline deadline = Deadline::after(kPatience);
  std::size_t to_send = num_bytes;
  std::size_t to_receive = num_bytes;
  while (to_send != 0 || to_receive != 0) {
    pollfd ready[2] = {{next_.get(), POLLOUT, 0}, {previous_.get(), POLLIN, 0}};
    if (to_send == 0) ready[0].fd = -1;
    if (to_receive == 0) ready[1].fd = -1;
    if (poll(ready, 2, 1000) < 0 && errno != EINTR) throw Error("poll failed");
    if (deadline.expired()) throw TimeoutError("the link between two hosts stands still");
    if (to_send != 0 && ready[0].revents != 0)
      to_send -= moved(send(next_.get(), outgoing_.data(), std::min(to_send, kPieceBytes), MSG_NOSIGNAL));
    if (to_receive != 0 && ready[1].revents != 0)
      to_receive -= moved(recv(previous_.get(), incoming_.data(), std::min(to_receive, kPieceBytes), 0));
  }
}

}  // namespace skein::bench
