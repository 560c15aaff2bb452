#include "runtime/process/peer_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "runtime/process/error.h"

namespace skein {
namespace {

constexpr int kGone = -1;
constexpr int kUnsupported = -2;

int open_pidfd(pid_t pid) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0) return fd;
  return errno == ESRCH ? kGone : kUnsupported;
}

}  // namespace

PeerWatch::PeerWatch(std::vector<Peer> peers, std::function<void(int)> on_death)
    : peers_(std::move(peers)), on_death_(std::move(on_death)), stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (stop_fd_ < 0) throw Error("cannot create an eventfd to watch the other ranks of this host");
  for (const Peer& peer : peers_) pidfds_.push_back(open_pidfd(peer.pid));
  thread_ = std::thread([this] { watch(); });
  pthread_setname_np(thread_.native_handle(), "skein-watch");
}

PeerWatch::~PeerWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(stop_fd_, &one, sizeof one);
  thread_.join();
  for (int fd : pidfds_)
    if (fd >= 0) close(fd);
  close(stop_fd_);
}

void PeerWatch::watch() {
  std::vector<pollfd> polled{{stop_fd_, POLLIN, 0}};
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    polled.push_back({pidfds_[i], POLLIN, 0});  // poll ignores negative descriptors
    if (pidfds_[i] == kGone) on_death_(peers_[i].rank);
  }
  while (true) {
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[0].revents != 0) return;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (polled[i + 1].revents == 0) continue;
      polled[i + 1].fd = -1;
      polled[i + 1].revents = 0;
      on_death_(peers_[i].rank);
    }
  }
}

}  // namespace skein
