#include "runtime/process/discover_topology.h"

#include <mpi.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/shared_region.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// What each rank tells the others at the start.
struct Introduction {
  std::int64_t pid;
  std::int32_t group;  // lowest rank with which this rank shares memory, itself included
  std::array<char, 64> host;
};

/// Proves that this rank and its group's leader map the same memory: the leader writes a nonce into a memfd, the others
/// read it through /proc. Returns whether this rank saw it. Collective over `candidates`.
bool shares_memory_with_leader(MPI_Comm candidates) {
  int rank = 0;
  MPI_Comm_rank(candidates, &rank);
  constexpr std::size_t kPage = 4096;
  std::shared_ptr<SharedRegion> region;
  std::array<std::int64_t, 3> offer{};  // pid, fd, nonce
  if (rank == 0) {
    region = SharedRegion::create(kPage);
    region->reserve(0, kPage);
    offer = {getpid(), region->fd(), static_cast<std::int64_t>(std::random_device{}())};
    std::memcpy(region->data(), &offer[2], sizeof offer[2]);
  }
  MPI_Bcast(offer.data(), 3, MPI_INT64_T, 0, candidates);
  bool same = true;
  try {
    if (rank != 0) region = SharedRegion::open(static_cast<pid_t>(offer[0]), static_cast<int>(offer[1]), kPage);
    same = std::memcmp(region->data(), &offer[2], sizeof offer[2]) == 0;
  } catch (const Error& error) {
    log_warning(
        concat("cannot share memory with another rank of this host; it counts as a host of its own. ", error.what()));
    same = false;
  }
  MPI_Barrier(candidates);  // the leader keeps the region until all have looked
  return same;
}

/// SKEIN_RANKS_PER_HOST splits one real host into several pretended ones, to test what crosses hosts.
int pretended_host(int local_rank) {
  const auto text = environment_variable("SKEIN_RANKS_PER_HOST");
  if (!text) return 0;
  try {
    const int ranks = std::stoi(*text);
    if (ranks > 0) return local_rank / ranks;
  } catch (const std::exception&) {
  }
  throw ConfigError("SKEIN_RANKS_PER_HOST='" + *text + "' is not a positive number", "unset it");
}

Introduction introduce_myself(int rank) {
  MPI_Comm candidates = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &candidates);
  int local_rank = 0;
  MPI_Comm_rank(candidates, &local_rank);
  MPI_Comm pretended = MPI_COMM_NULL;
  MPI_Comm_split(candidates, pretended_host(local_rank), rank, &pretended);
  int leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, pretended);

  Introduction mine{};
  mine.pid = getpid();
  mine.group = shares_memory_with_leader(pretended) ? leader : rank;
  host_name().copy(mine.host.data(), mine.host.size() - 1);
  MPI_Comm_free(&pretended);
  MPI_Comm_free(&candidates);
  return mine;
}

}  // namespace

Topology discover_topology() {
  int rank = 0;
  int world_size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world_size);
  const Introduction mine = introduce_myself(rank);
  std::vector<Introduction> all(world_size);
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, MPI_COMM_WORLD);

  Topology topology;
  std::vector<int> host_of_group(world_size, -1);
  std::vector<int> local_size(world_size, 0);
  int num_hosts = 0;
  for (const Introduction& intro : all) {
    int& host = host_of_group[intro.group];
    if (host < 0) host = num_hosts++;
    topology.members.push_back({host, local_size[host]++, static_cast<long>(intro.pid), intro.host.data()});
  }
  return topology;
}

}  // namespace skein
