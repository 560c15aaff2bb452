#include "collectives/tune/measure_links.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <optional>

#include "collectives/algorithms.h"
#include "collectives/execute.h"
#include "collectives/reduce_kernels.h"
#include "collectives/tune/link_fit.h"

namespace skein {
namespace {

constexpr Tag kTag = 0;
constexpr std::size_t kMostBytes = 4 << 20;

/// Two ranks that measure together; both must call the same functions.
class Duet {
 public:
  Duet(Transport& transport, int peer, Deadline deadline)
      : transport_(transport), peer_(peer), deadline_(deadline), sent_(kMostBytes), received_(kMostBytes) {}

  /// Half a round trip.
  double one_way(std::size_t num_bytes) {
    const bool begins = transport_.rank() < peer_;
    const auto start = Clock::now();
    if (begins) send(num_bytes);
    receive(num_bytes);
    if (!begins) send(num_bytes);
    return seconds_since(start) / 2;
  }

  /// As a long step of a schedule goes its way.
  double both_ways(std::size_t num_bytes) {
    const Schedule exchange{{1, {0, num_bytes}, 1, {0, num_bytes}, false}};
    const std::array<int, 2> peers{transport_.rank(), peer_};
    const auto start = Clock::now();
    execute(transport_, exchange, peers, {.data = received_.data(), .sent = sent_.data()}, {.tag = kTag}, deadline_);
    return seconds_since(start);
  }

  /// Messages of a few bytes, all at once.
  double burst(int num_messages) {
    constexpr std::size_t kBytes = 64;
    std::vector<std::unique_ptr<Transfer>> transfers;
    const auto start = Clock::now();
    for (int i = 0; i < num_messages; ++i)
      transfers.push_back(transport_.recv(peer_, kTag, std::span(received_).subspan(i * kBytes, kBytes)));
    for (int i = 0; i < num_messages; ++i)
      transfers.push_back(transport_.send(peer_, kTag, std::span(sent_).first(kBytes)));
    for (const auto& transfer : transfers) transfer->wait(deadline_);
    return seconds_since(start);
  }

 private:
  void send(std::size_t num_bytes) {
    transport_.send(peer_, kTag, std::span(sent_).first(num_bytes))->wait(deadline_);
  }
  void receive(std::size_t num_bytes) {
    transport_.recv(peer_, kTag, std::span(received_).first(num_bytes))->wait(deadline_);
  }

  Transport& transport_;
  int peer_;
  Deadline deadline_;
  std::vector<std::byte> sent_;
  std::vector<std::byte> received_;
};

/// Partner of `place` in round `round` of a tournament in which each of `num_places` meets each other once, in
/// num_places - 1 rounds (num_places even): the last stays, the others go round.
int opponent(int place, int round, int num_places) {
  const int last = num_places - 1;
  if (place == last) return round;
  if (place == round) return last;
  return (2 * round - place + 2 * last) % last;
}

class LinkMeasurement {
 public:
  LinkMeasurement(Transport& transport, const Topology& topology, int repeats, Clock::duration patience)
      : transport_(transport),
        topology_(topology),
        repeats_(repeats),
        patience_(patience),
        deadline_(Deadline::after(patience)),
        all_(topology.world_size()) {
    std::iota(all_.begin(), all_.end(), 0);
  }

  MeasuredLinks run() {
    MeasuredLinks result;
    const int num_places = topology_.num_hosts() + topology_.num_hosts() % 2;
    for (int round = 0; round + 1 < num_places; ++round) {
      deadline_ = Deadline::after(patience_);
      const int host = topology_.members[transport_.rank()].host;
      const int other = opponent(host, round, num_places);
      for (const MeasuredLinks::Pair& pair : between(host, other)) result.pairs.push_back(pair);
    }
    std::vector<LinkCosts> costs;
    for (const MeasuredLinks::Pair& pair : result.pairs) costs.push_back(pair.costs);
    if (!costs.empty()) result.profile.between_hosts = middle_of(costs);
    deadline_ = Deadline::after(patience_);
    const std::vector<LinkCosts> within = within_hosts();
    if (!within.empty()) result.profile.within_host = middle_of(within);
    result.profile.reduce_byte_seconds = median_of(everybody(reduce_byte_seconds()));
    return result;
  }

 private:
  /// One round: what every pair that met found out.
  std::vector<MeasuredLinks::Pair> between(int host, int other) {
    const std::vector<int> partners = topology_.ranks_of_host(other);  // none when this host has a rest
    const int local = topology_.members[transport_.rank()].local_rank;
    const int num_pairs = static_cast<int>(std::min(topology_.ranks_of_host(host).size(), partners.size()));
    return gather_pairs(measure(local < num_pairs ? partners[local] : kNobody, local == 0, num_pairs), other);
  }

  std::vector<MeasuredLinks::Pair> gather_pairs(const LinkCosts& mine, int other) {
    struct Found {
      int other;
      LinkCosts costs;
    };
    const std::vector<Found> found = everybody(Found{other, mine});
    std::vector<MeasuredLinks::Pair> pairs;
    for (int rank = 0; rank < topology_.world_size(); ++rank) {
      const Topology::Member& member = topology_.members[rank];
      if (member.local_rank == 0 && member.host < found[rank].other && found[rank].other < topology_.num_hosts())
        pairs.push_back({member.host, found[rank].other, found[rank].costs});
    }
    return pairs;
  }

  /// Costs between two neighbours of each host that has some.
  std::vector<LinkCosts> within_hosts() {
    const Topology::Member& me = topology_.members[transport_.rank()];
    const std::vector<int> ranks = topology_.ranks_of_host(me.host);
    const bool takes_part = ranks.size() > 1 && me.local_rank < 2;
    std::vector<LinkCosts> found;
    for (const LinkCosts& costs : everybody(measure(takes_part ? ranks[1 - me.local_rank] : kNobody, true, 1)))
      if (costs.alpha > 0) found.push_back(costs);
    return found;
  }

  /// Called by all ranks; those without a peer only keep step. `num_pairs` of ranks share the link while bytes are
  /// measured; of these only one is `first`, and measures latency while the others wait.
  LinkCosts measure(int peer, bool first, int num_pairs) {
    std::optional<Duet> duet;
    if (peer != kNobody) duet.emplace(transport_, peer, deadline_);
    LinkSamples samples;
    const auto add = [&](std::vector<Point>& points, double x, auto time) {
      time();  // warms up
      for (int i = 0; i < repeats_; ++i) points.push_back({x, time()});
    };
    for (const std::size_t num_bytes : {0u, 64u, 1024u, 4096u, 16384u})
      if (duet && first)
        add(samples.one_way, static_cast<double>(num_bytes), [&] { return median_one_way(*duet, num_bytes); });
    for (const int num_messages : {16, 32, 64, 128})
      if (duet && first) add(samples.burst, num_messages, [&] { return duet->burst(num_messages); });
    for (const std::size_t num_bytes : {kMostBytes / 16, kMostBytes / 8, kMostBytes / 4, kMostBytes / 2, kMostBytes}) {
      for (int i = -1; i < repeats_; ++i) {  // the first warms up
        const double time = slowest_of_host(duet ? duet->both_ways(num_bytes) : 0);
        if (i >= 0) samples.bulk.push_back({static_cast<double>(num_bytes * num_pairs), time});
      }
    }
    return duet && first ? fit_link(samples) : LinkCosts{};
  }
  /// Called by all ranks. The pairs of two hosts share the link unevenly; what it carries is done when the last one is.
  double slowest_of_host(double mine) {
    const std::vector<double> times = everybody(mine);
    double slowest = 0;
    for (const int rank : topology_.ranks_of_host(topology_.members[transport_.rank()].host))
      slowest = std::max(slowest, times[rank]);
    return slowest;
  }
  static double median_one_way(Duet& duet, std::size_t num_bytes) {
    std::vector<double> times(11);
    for (double& time : times) time = duet.one_way(num_bytes);
    return median_of(times);
  }

  /// Of float32, summed as execute() sums what has arrived.
  double reduce_byte_seconds() const {
    constexpr std::size_t kCount = ExecuteOptions{}.segment_bytes / sizeof(float);
    std::vector<float> mine(kCount, 1);
    const std::vector<float> theirs(kCount, 1);
    std::vector<double> times(101);
    for (double& time : times) {
      const auto start = Clock::now();
      reduce_buffers(std::array<void*, 1>{mine.data()}, std::array<const void*, 2>{mine.data(), theirs.data()}, kCount,
                     DType::kFloat32, ReduceOp::kSum);
      time = seconds_since(start) / (kCount * sizeof(float));
    }
    return median_of(times);
  }

  static LinkCosts middle_of(const std::vector<LinkCosts>& all) {
    const auto middle = [&](double LinkCosts::*part) {
      std::vector<double> values;
      for (const LinkCosts& costs : all) values.push_back(costs.*part);
      return median_of(values);
    };
    return {middle(&LinkCosts::alpha), middle(&LinkCosts::beta), middle(&LinkCosts::overhead)};
  }

  /// What every rank has, by rank; also holds the ranks together.
  template <class Value>
  std::vector<Value> everybody(const Value& mine) {
    std::vector<Value> values(topology_.world_size());
    values[transport_.rank()] = mine;
    const std::vector<std::size_t> lengths(values.size(), sizeof(Value));
    execute(transport_, doubling_allgather(transport_.rank(), consecutive(lengths)), all_,
            {.data = reinterpret_cast<std::byte*>(values.data())}, {.tag = kTag}, deadline_);
    return values;
  }

  Transport& transport_;
  const Topology& topology_;
  int repeats_;
  Clock::duration patience_;
  Deadline deadline_;  // of this round
  std::vector<int> all_;
};

}  // namespace

MeasuredLinks measure_links(Transport& transport, const Topology& topology, int repeats, Clock::duration patience) {
  return LinkMeasurement(transport, topology, repeats, patience).run();
}

}  // namespace skein
