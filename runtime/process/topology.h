#pragma once
// Which rank runs where. Plain data; the same on every rank.

#include <string>
#include <vector>

namespace skein {

struct Topology {
  struct Member {
    int host = 0;        ///< index of the rank's host, 0-based, in order of first rank
    int local_rank = 0;  ///< position among the ranks of its host
    long pid = 0;        ///< process id as seen on its own host; ranks as threads share one
    std::string host_name;
  };
  std::vector<Member> members;  ///< by rank

  int world_size() const { return static_cast<int>(members.size()); }
  int num_hosts() const;
  /// Ranks of a host in ascending local rank.
  std::vector<int> ranks_of_host(int host) const;
  const std::string& host_name(int host) const;
  /// Largest number of ranks on one host.
  int max_local_size() const;
  /// The same topology for a subset of ranks, renumbered in the order given.
  Topology subset(const std::vector<int>& ranks) const;
  /// "rank 3 (node07)", with the host left out when there is only one.
  std::string describe(int rank) const;

  /// `local_sizes[h]` ranks on host h, ranks numbered host by host; for tests and planning.
  static Topology of(const std::vector<int>& local_sizes);
};

}  // namespace skein
