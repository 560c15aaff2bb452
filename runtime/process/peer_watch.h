#pragma once
// Notices the death of other processes of this host within milliseconds, at no cost while they live.

#include <sys/types.h>

#include <functional>
#include <thread>
#include <vector>

namespace skein {

/// One thread that sleeps in poll(2) on a pidfd of each watched process.
class PeerWatch {
 public:
  struct Peer {
    int rank;
    pid_t pid;
  };
  /// `on_death(rank)` is called from the watch's own thread, once for each process that ends while watched,
  /// whether by a signal or by exit.
  PeerWatch(std::vector<Peer> peers, std::function<void(int rank)> on_death);
  /// Stops watching; does not return while `on_death` runs.
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

 private:
  void watch();

  std::vector<Peer> peers_;
  std::vector<int> pidfds_;  // as peers_; negative where the process was already gone or the kernel has no pidfds
  std::function<void(int)> on_death_;
  int stop_fd_;
  std::thread thread_;
};

}  // namespace skein
