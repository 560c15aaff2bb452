#include "collectives/clock_sync.h"

#include <limits>

namespace skein {
namespace {

constexpr Tag kTag = 0;
constexpr int kNumExchanges = 16;  // the first ones also set up the connection

template <class T>
T received(Transport& transport, int peer, Deadline deadline) {
  T value{};
  receive_value(transport, peer, kTag, value, deadline);
  return value;
}

std::int64_t steady_now() {
  return JobClock::steady_nanoseconds(Clock::now());
}

/// Rank 0's side: says what time it is as often as it is asked.
void answer(Transport& transport, int peer, const JobClock& clock, Deadline deadline) {
  for (int i = 0; i < kNumExchanges; ++i) {
    received<char>(transport, peer, deadline);
    send_value(transport, peer, kTag, clock.nanoseconds(Clock::now()), deadline);
  }
  send_value(transport, peer, kTag, clock.job_start_ns, deadline);
}

JobClock ask(Transport& transport, Deadline deadline) {
  JobClock clock;
  std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < kNumExchanges; ++i) {
    const std::int64_t sent = steady_now();
    send_value(transport, 0, kTag, char{}, deadline);
    const auto theirs = received<std::int64_t>(transport, 0, deadline);
    const std::int64_t round_trip = steady_now() - sent;
    if (round_trip >= shortest) continue;
    shortest = round_trip;
    clock.offset_ns = theirs - (sent + round_trip / 2);
    clock.uncertainty_ns = (round_trip + 1) / 2;
  }
  clock.job_start_ns = received<std::int64_t>(transport, 0, deadline);
  return clock;
}

}  // namespace

JobClock synchronize_clocks(Transport& transport, const Topology& topology) {
  const Deadline deadline = Deadline::after(kDefaultTimeout);
  const int rank = transport.rank();
  const std::vector<int> neighbours = topology.ranks_of_host(topology.members[rank].host);
  if (rank != neighbours.front()) return received<JobClock>(transport, neighbours.front(), deadline);
  const JobClock clock = rank == 0 ? JobClock::starting_now() : ask(transport, deadline);
  for (int host = 1; rank == 0 && host < topology.num_hosts(); ++host)
    answer(transport, topology.ranks_of_host(host).front(), clock, deadline);
  for (const int neighbour : neighbours)
    if (neighbour != rank) send_value(transport, neighbour, kTag, clock, deadline);
  return clock;
}

}  // namespace skein
