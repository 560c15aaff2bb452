#include "collectives/transport.h"

#include <time.h>

#include <algorithm>

namespace skein {
namespace {

void sleep_for(std::chrono::nanoseconds pause) {
  const timespec wanted{0, static_cast<long>(pause.count())};
  nanosleep(&wanted, nullptr);
}

}  // namespace

void wait_for_any(std::span<Transfer* const> transfers, Deadline deadline) {
  constexpr int kSpins = 200;
  constexpr std::chrono::nanoseconds kLongestPause = std::chrono::microseconds(50);
  std::chrono::nanoseconds pause = std::chrono::microseconds(1);
  const auto is_done = [](Transfer* transfer) { return transfer->done(); };
  for (int attempt = 0; !std::any_of(transfers.begin(), transfers.end(), is_done); ++attempt) {
    if (attempt < kSpins) continue;
    if (deadline.expired()) return transfers.front()->wait(deadline);
    sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace skein
