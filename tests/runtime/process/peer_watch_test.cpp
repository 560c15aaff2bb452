#include "runtime/process/peer_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <mutex>

#include "runtime/process/deadline.h"
#include "runtime/process/subprocess.h"

namespace skein {
namespace {

using std::chrono::milliseconds;

Subprocess sleeper() {
  return Subprocess({.argv = {"sleep", "60"}});
}

/// The ranks whose death has been heard of.
class Deaths {
 public:
  void add(int rank) {
    std::lock_guard lock(mutex_);
    ranks_.push_back(rank);
    changed_.notify_all();
  }
  std::vector<int> wait_for(std::size_t num_deaths, Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline.time(), [&] { return ranks_.size() >= num_deaths; });
    return ranks_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> ranks_;
};

TEST(PeerWatch, HearsOfADeathWithinHalfASecond) {
  Subprocess first = sleeper(), second = sleeper();
  Deaths deaths;
  PeerWatch watch({{4, first.pid()}, {7, second.pid()}}, [&](int rank) { deaths.add(rank); });
  EXPECT_TRUE(deaths.wait_for(1, Deadline::after(milliseconds(50))).empty());
  const auto start = Clock::now();
  second.send_signal(SIGKILL);
  EXPECT_EQ(deaths.wait_for(1, Deadline::after(std::chrono::seconds(10))), std::vector<int>{7});
  EXPECT_LT(Clock::now() - start, milliseconds(500));
  first.send_signal(SIGTERM);
  EXPECT_EQ(deaths.wait_for(2, Deadline::after(std::chrono::seconds(10))), (std::vector<int>{7, 4}));
  EXPECT_EQ(deaths.wait_for(3, Deadline::after(milliseconds(50))).size(), 2u) << "each death once";
}

TEST(PeerWatch, AStoppedProcessIsNotDead) {
  Subprocess peer = sleeper();
  Deaths deaths;
  PeerWatch watch({{1, peer.pid()}}, [&](int rank) { deaths.add(rank); });
  peer.send_signal(SIGSTOP);
  EXPECT_TRUE(deaths.wait_for(1, Deadline::after(milliseconds(100))).empty());
}

TEST(PeerWatch, HearsOfWhoWasGoneBeforeItBegan) {
  pid_t gone = 0;
  {
    Subprocess peer = sleeper();
    gone = peer.pid();
  }
  Deaths deaths;
  PeerWatch watch({{3, gone}}, [&](int rank) { deaths.add(rank); });
  EXPECT_EQ(deaths.wait_for(1, Deadline::after(std::chrono::seconds(10))), std::vector<int>{3});
}

TEST(PeerWatch, NoLongerListensWhenItIsGone) {
  Subprocess peer = sleeper();
  Deaths deaths;
  {
    PeerWatch watch({{1, peer.pid()}}, [&](int rank) { deaths.add(rank); });
  }
  peer.send_signal(SIGKILL);
  EXPECT_TRUE(deaths.wait_for(1, Deadline::after(milliseconds(50))).empty());
}

}  // namespace
}  // namespace skein
