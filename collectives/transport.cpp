#include "collectives/transport.h"

#include <time.h>

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/text.h"
#include "runtime/trace/rank_ranges.h"

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

void meet(Transport& transport, const std::vector<int>& ranks, Deadline deadline) {
  constexpr Tag kTag = (1 << 30) + 2;  // behind those of collectives and of messages between two ranks
  const int n = static_cast<int>(ranks.size());
  const int mine = static_cast<int>(std::find(ranks.begin(), ranks.end(), transport.rank()) - ranks.begin());
  const std::uint64_t digest = fnv1a({reinterpret_cast<const char*>(ranks.data()), ranks.size() * sizeof(int)});
  for (int distance = 1; distance < n; distance *= 2) {
    const int from = ranks[(mine - distance + n) % n];
    std::uint64_t theirs = 0;
    const auto sending = transport.send(ranks[(mine + distance) % n], kTag, std::as_bytes(std::span(&digest, 1)));
    receive_value(transport, from, kTag, theirs, deadline);
    sending->wait(deadline);
    if (theirs != digest)
      throw MismatchError(concat("split: rank ", from, " asks for other ranks, or another order of them, than this one: ",
                                 rank_ranges(ranks)),
                          "give the same list on all of its ranks");
  }
}

}  // namespace skein
